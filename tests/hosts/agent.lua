-- SPDX-License-Identifier: Apache-2.0
-- agent.lua: the contract's commands (tests/hosts/README.md) through the Lua shim.
local fhirtrial = require "fhirtrial"
local library, engine

local function contents(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read "a"
  file:close()
  return bytes
end

-- The code behind `text, code` or `nil, text, code`.
local function code_of(value, second, third)
  return value == nil and third or second
end

local commands = {}

function commands.load(path)
  library = assert(fhirtrial.load(path))
  return "", 0
end

function commands.unload()
  library:unload()
  return "", 0
end

function commands.buffer(n)
  library:buffer(tonumber(n))
  return "", 0
end

function commands.open(path)
  local opened, why, code = library:open(contents(path))
  if not opened then return nil, why, code end
  engine = opened
  return "", 0
end

function commands.configure(path) return engine:configure(contents(path)) end

function commands.process(path, meta) return engine:process(contents(path), meta) end

function commands.query(what) return engine:query(what) end

function commands.step(ms) return engine:step(tonumber(ms)) end

function commands.log() return "", 0 end

function commands.logs()
  local lines = {}
  repeat
    local line, code = engine:next_event()
    if code == 0 then lines[#lines + 1] = line end
  until code ~= 0
  return table.concat(lines, " "), 0
end

function commands.close(drain) return engine:close(tonumber(drain)) end

function commands.repeated(n, what, argument)
  if what == "process" then argument = contents(argument) end
  local began = os.clock()
  for _ = 1, n do engine[what](engine, argument) end
  return string.format("%.3f", (os.clock() - began) * 1e6 / n), 0
end
commands["repeat"] = commands.repeated

function commands.together(...)
  local jobs, codes = {}, {}
  for i, path in ipairs {...} do jobs[i] = assert(engine:submit(contents(path))) end
  for i, job in ipairs(jobs) do
    while select(2, engine:wait(job, 1000)) == 1 do end
    codes[i] = code_of(engine:result(job))
  end
  return table.concat(codes, " "), 0
end

function commands.busy(path)
  local jobs, seen, codes = {}, {}, {}
  for i = 1, 200 do jobs[i] = assert(engine:submit(contents(path))) end
  engine:close(0)
  for _, job in ipairs(jobs) do seen[code_of(engine:result(job))] = true end
  for code in pairs(seen) do codes[#codes + 1] = code end
  return table.concat(codes, " "), 0
end

for line in io.lines() do
  local fields = {}
  for field in line:gmatch "[^\t]+" do fields[#fields + 1] = field end
  local text, second, code = commands[fields[1]](table.unpack(fields, 2))
  if text == nil then text = second else code = second end
  io.write(code, "\t", (text:gsub("\n", " ")), "\n")
  io.flush()
end
