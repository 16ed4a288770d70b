// SPDX-License-Identifier: Apache-2.0
// agent.js: the contract's commands (tests/hosts/README.md) through plugin/hosts/java from a script of Rhino, the
// JavaScript engine that Open Integration Engine runs channel scripts in.
var Fhirtrial = Packages.fhirtrial.Fhirtrial, path, engine, lines = [];
var input = new java.io.BufferedReader(new java.io.InputStreamReader(java.lang.System['in'], 'UTF-8'));

function bytes(file) { return java.nio.file.Files.readAllBytes(java.nio.file.Paths.get(file)); }

function text(file) { return new java.lang.String(bytes(file), 'UTF-8'); }

function answer(result) { return [result.matched ? 0 : 2, result.text]; }

function attempt(call) {
    try {
        return call();
    } catch (error) {
        if (!(error.javaException instanceof Packages.fhirtrial.FhirtrialException)) throw error;
        return [error.javaException.code(), error.javaException.outcome()];
    }
}

function codeOf(call) { return attempt(function () { return answer(call()); })[0]; }

function start(call) {
    var thread = new java.lang.Thread(new java.lang.Runnable({ run: call }));
    thread.start();
    return thread;
}

var commands = {
    load: function (file) { path = file; },
    unload: function () { Fhirtrial.unload(path); },
    buffer: function (n) { Fhirtrial.setFirstBuffer(Number(n)); },
    open: function (file) { engine = Fhirtrial.open(path, new java.io.File(file)); },
    configure: function (file) { engine.configure(text(file)); },
    process: function (file, meta) { return answer(engine['process(byte[],java.lang.String)'](bytes(file), meta || null)); },
    query: function (what) {
        var found = engine.query(what);
        return found === null ? [2, ''] : [0, found];
    },
    step: function (ms) { engine.step(Number(ms)); },
    log: function (level) {
        engine.onLog(Number(level), function (at, line) { lines.push(line); });
    },
    logs: function () { return [0, lines.join(' ')]; },
    close: function (drain) { engine['close(int)'](Number(drain)); },
    repeat: function (n, command, argument) {
        var message = command === 'process' ? text(argument) : null;
        var began = java.lang.System.nanoTime();
        for (var i = 0; i < n; i++) {
            if (message === null) engine.query(argument);
            else engine.process(message, null);
        }
        return [0, (java.lang.System.nanoTime() - began) / 1e3 / n];
    },
    together: function () {
        var codes = [], files = Array.prototype.slice.call(arguments);
        files.map(function (file, i) {
            return start(function () { codes[i] = codeOf(function () { return engine.process(text(file), null); }); });
        }).forEach(function (thread) { thread.join(); });
        return [0, codes.join(' ')];
    },
    busy: function (file) {
        var seen = {}, threads = [], message = text(file);
        for (var i = 0; i < 4; i++) {
            threads.push(start(function () {
                for (var k = 0; k < 50; k++) seen[codeOf(function () { return engine.process(message, null); })] = 1;
            }));
        }
        engine['close(int)'](0);
        threads.forEach(function (thread) { thread.join(); });
        return [0, Object.keys(seen).join(' ')];
    }
};

for (var line; (line = input.readLine()) !== null;) {
    var words = String(line).split('\t');
    var said = attempt(function () { return commands[words[0]].apply(null, words.slice(1)); }) || [0, ''];
    print(said[0] + '\t' + String(said[1]).replace(/\n/g, ' '));
    java.lang.System.out.flush();
}
