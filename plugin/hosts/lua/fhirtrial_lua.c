/* SPDX-License-Identifier: Apache-2.0 */
/* fhirtrial_lua.c: the library as a Lua module, for engines whose scripts are Lua (Iguana).
 *
 *   local fhirtrial = require "fhirtrial"                 -- fhirtrial.so on package.cpath
 *   local library = fhirtrial.load "/usr/local/lib/libfhirtrial.so.0"
 *   local engine = assert(library:open(configuration))
 *   local document, why, code, class = engine:process(Data, '{"messageId":"m-17"}')
 *   engine:close(5000)
 *
 * A method gives a text (or number) and then the code: `text, code`; what the library refuses is
 * `nil, outcome, code, class`, where outcome is the text of an OperationOutcome and class says what
 * to do: "retry", "reject", "config", "auth", "misuse" or "defect". Log lines are pulled with
 * next_event. An engine that nobody holds any more closes itself when it is collected. */
#include "hosts/native/native.h"

#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>
#include <stdlib.h>

typedef struct module {
    native library;
    native_text text;
} module;

/* Its user value is the module, which so outlives it. */
typedef struct engine {
    int32_t handle;
    bool closed;
} engine;

static const char *class_of(int32_t code) {
    switch (code) {
    case FHIRTRIAL_E_RETRY:
    case FHIRTRIAL_E_FULL:
    case FHIRTRIAL_E_NOMEM: return "retry";
    case FHIRTRIAL_E_PARSE:
    case FHIRTRIAL_E_REJECT: return "reject";
    case FHIRTRIAL_E_CONFIG: return "config";
    case FHIRTRIAL_E_AUTH: return "auth";
    case FHIRTRIAL_E_INTERNAL: return "defect";
    default: return "misuse";
    }
}

static int refused(lua_State *lua, module *m, int32_t handle, int32_t code, bool has_text) {
    lua_pushnil(lua);
    if ((has_text && m->text.n > 0) ||
        native_query(&m->library, handle, "last-error", &m->text) == FHIRTRIAL_OK)
        lua_pushlstring(lua, m->text.p, (size_t)m->text.n);
    else
        lua_pushstring(lua, m->library.strerror(code));
    lua_pushinteger(lua, code);
    lua_pushstring(lua, class_of(code));
    return 4;
}

static int answer(lua_State *lua, module *m, int32_t handle, int32_t code, bool has_text) {
    if (code < 0) return refused(lua, m, handle, code, has_text);
    lua_pushlstring(lua, has_text ? m->text.p : "", has_text ? (size_t)m->text.n : 0);
    lua_pushinteger(lua, code);
    return 2;
}

static module *module_at(lua_State *lua, int i) {
    module *m = luaL_checkudata(lua, i, "fhirtrial.library");
    luaL_argcheck(lua, m->library.library != NULL, i, "the library was unloaded");
    return m;
}

static engine *engine_of(lua_State *lua, module **m) {
    engine *e = luaL_checkudata(lua, 1, "fhirtrial.engine");
    lua_getiuservalue(lua, 1, 1);
    *m = module_at(lua, -1);
    lua_pop(lua, 1);
    return e;
}

static int32_t ms_at(lua_State *lua, int i) { return (int32_t)luaL_optinteger(lua, i, 0); }

static int engine_process(lua_State *lua) {
    module *m;
    size_t n;
    const engine *e = engine_of(lua, &m);
    const char *bytes = luaL_checklstring(lua, 2, &n), *meta = luaL_optstring(lua, 3, NULL);
    int32_t code = native_process(&m->library, e->handle, bytes, (int64_t)n, meta, &m->text);
    return answer(lua, m, e->handle, code, true);
}

static int engine_submit(lua_State *lua) {
    module *m;
    size_t n;
    int64_t job;
    const engine *e = engine_of(lua, &m);
    const char *bytes = luaL_checklstring(lua, 2, &n), *meta = luaL_optstring(lua, 3, NULL);
    int32_t code = m->library.submit(e->handle, bytes, (int64_t)n, meta, &job);
    if (code < 0) return refused(lua, m, e->handle, code, false);
    lua_pushinteger(lua, job);
    lua_pushinteger(lua, code);
    return 2;
}

static int engine_wait(lua_State *lua) {
    module *m;
    const engine *e = engine_of(lua, &m);
    int64_t job = luaL_optinteger(lua, 2, 0);
    int32_t code = m->library.wait(e->handle, &job, ms_at(lua, 3));
    if (code < 0) return refused(lua, m, e->handle, code, false);
    lua_pushinteger(lua, job);
    lua_pushinteger(lua, code);
    return 2;
}

static int engine_result(lua_State *lua) {
    module *m;
    const engine *e = engine_of(lua, &m);
    int32_t code = native_result(&m->library, e->handle, luaL_checkinteger(lua, 2), &m->text);
    return answer(lua, m, e->handle, code, true);
}

static int engine_step(lua_State *lua) {
    module *m;
    const engine *e = engine_of(lua, &m);
    return answer(lua, m, e->handle, m->library.step(e->handle, ms_at(lua, 2)), false);
}

static int engine_query(lua_State *lua) {
    module *m;
    const engine *e = engine_of(lua, &m);
    int32_t code = native_query(&m->library, e->handle, luaL_checkstring(lua, 2), &m->text);
    return answer(lua, m, e->handle, code, true);
}

static int engine_next_event(lua_State *lua) {
    module *m;
    const engine *e = engine_of(lua, &m);
    return answer(lua, m, e->handle, native_next_event(&m->library, e->handle, &m->text), true);
}

static int engine_configure(lua_State *lua) {
    module *m;
    size_t n;
    const engine *e = engine_of(lua, &m);
    const char *text = luaL_checklstring(lua, 2, &n);
    return answer(lua, m, e->handle, m->library.configure(e->handle, text, (int64_t)n), false);
}

static int engine_close(lua_State *lua) {
    module *m;
    engine *e = engine_of(lua, &m);
    int32_t code = m->library.close(e->handle, ms_at(lua, 2));
    e->closed = true;
    return answer(lua, m, 0, code, false);
}

static int engine_collect(lua_State *lua) {
    engine *e = luaL_checkudata(lua, 1, "fhirtrial.engine");
    lua_getiuservalue(lua, 1, 1);
    const module *m = luaL_testudata(lua, -1, "fhirtrial.library");
    if (!e->closed && m && m->library.library) (void)m->library.close(e->handle, 0);
    e->closed = true;
    return 0;
}

static int library_open(lua_State *lua) {
    size_t n;
    int32_t handle;
    module *m = module_at(lua, 1);
    const char *text = luaL_checklstring(lua, 2, &n);
    int32_t code = m->library.open(FHIRTRIAL_ABI, text, (int64_t)n, &handle);
    if (code != FHIRTRIAL_OK) return refused(lua, m, 0, code, false);
    engine *e = lua_newuserdatauv(lua, sizeof *e, 1);
    *e = (engine){handle, false};
    luaL_setmetatable(lua, "fhirtrial.engine");
    lua_pushvalue(lua, 1);
    lua_setiuservalue(lua, -2, 1);
    lua_pushinteger(lua, code);
    return 2;
}

/* The size that the first attempt at an answer gets. */
static int library_buffer(lua_State *lua) {
    module *m = module_at(lua, 1);
    free(m->text.p);
    m->text = (native_text){.cap = luaL_checkinteger(lua, 2)};
    return 0;
}

static int library_unload(lua_State *lua) {
    module *m = luaL_checkudata(lua, 1, "fhirtrial.library");
    native_unload(&m->library);
    return 0;
}

/* The file stays loaded where its engines are collected in no order, as at the end of a state. */
static int library_collect(lua_State *lua) {
    module *m = luaL_checkudata(lua, 1, "fhirtrial.library");
    free(m->text.p);
    m->text = (native_text){0};
    return 0;
}

static int load(lua_State *lua) {
    const char *path = luaL_optstring(lua, 1, NULL), *why;
    module *m = lua_newuserdatauv(lua, sizeof *m, 0);
    *m = (module){0};
    luaL_setmetatable(lua, "fhirtrial.library");
    if (native_load(&m->library, path, &why)) return 1;
    lua_pushnil(lua);
    lua_pushstring(lua, why);
    return 2;
}

static void make_class(lua_State *lua, const char *name, const luaL_Reg *methods) {
    luaL_newmetatable(lua, name);
    luaL_setfuncs(lua, methods, 0);
    lua_pushvalue(lua, -1);
    lua_setfield(lua, -2, "__index");
    lua_pop(lua, 1);
}

/* The name that Lua's `require "fhirtrial"` looks for. */
__attribute__((visibility("default"))) int luaopen_fhirtrial(lua_State *lua);
int luaopen_fhirtrial(lua_State *lua) {
    static const luaL_Reg of_engine[] = {
        {"process", engine_process}, {"submit", engine_submit},
        {"wait", engine_wait},       {"result", engine_result},
        {"step", engine_step},       {"query", engine_query},
        {"close", engine_close},     {"next_event", engine_next_event},
        {"__gc", engine_collect},    {"configure", engine_configure},
        {"__close", engine_collect}, {NULL, NULL}};
    static const luaL_Reg of_library[] = {{"open", library_open},
                                          {"buffer", library_buffer},
                                          {"unload", library_unload},
                                          {"__gc", library_collect},
                                          {NULL, NULL}};
    static const luaL_Reg of_module[] = {{"load", load}, {NULL, NULL}};
    make_class(lua, "fhirtrial.engine", of_engine);
    make_class(lua, "fhirtrial.library", of_library);
    luaL_newlib(lua, of_module);
    return 1;
}
