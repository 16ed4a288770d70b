/* SPDX-License-Identifier: Apache-2.0 */
/* fhirtrial_tcl.c: the library as one Tcl command, for engines whose scripts are Tcl (Cloverleaf).
 *
 *   load ./fhirtrial_tcl.so Fhirtrial
 *   fhirtrial load /usr/local/lib/libfhirtrial.so.0
 *   set h [fhirtrial open $configuration]
 *   lassign [fhirtrial process $h $bytes {{"messageId":"m-17"}}] code document
 *   fhirtrial close $h 5000
 *
 * Every subcommand gives a list of code and text (docs/abi.md), open the handle. What the library
 * refuses is a Tcl error whose result is the OperationOutcome and whose errorCode is
 * {FHIRTRIAL class number}; the class says what to do: RETRY, REJECT, CONFIG, AUTH, MISUSE, DEFECT.
 * Configuration and messages are byte arrays (read in binary), answers Unicode. Log lines are
 * pulled with next_event. Each interpreter loads the library for itself. */
#include "hosts/native/native.h"

#include <stdlib.h>
#include <string.h>
#include <tcl8.6/tcl.h>

typedef struct state {
    native library;
    native_text text;
} state;

static const char *class_of(int32_t code) {
    switch (code) {
    case FHIRTRIAL_E_RETRY:
    case FHIRTRIAL_E_FULL:
    case FHIRTRIAL_E_NOMEM: return "RETRY";
    case FHIRTRIAL_E_PARSE:
    case FHIRTRIAL_E_REJECT: return "REJECT";
    case FHIRTRIAL_E_CONFIG: return "CONFIG";
    case FHIRTRIAL_E_AUTH: return "AUTH";
    case FHIRTRIAL_E_INTERNAL: return "DEFECT";
    default: return "MISUSE";
    }
}

static int fail(Tcl_Interp *interp, const char *class, int32_t code, const char *text) {
    Tcl_Obj *list = Tcl_NewListObj(0, NULL);
    Tcl_ListObjAppendElement(interp, list, Tcl_NewStringObj("FHIRTRIAL", -1));
    Tcl_ListObjAppendElement(interp, list, Tcl_NewStringObj(class, -1));
    Tcl_ListObjAppendElement(interp, list, Tcl_NewIntObj(code));
    Tcl_SetObjErrorCode(interp, list);
    Tcl_SetObjResult(interp, Tcl_NewStringObj(text, -1));
    return TCL_ERROR;
}

/* Code and text as a list, or the error with what is known of it. */
static int answer(state *s, Tcl_Interp *interp, int32_t code, int32_t handle, bool has_text) {
    if (code >= 0) {
        Tcl_Obj *list = Tcl_NewListObj(0, NULL);
        Tcl_ListObjAppendElement(interp, list, Tcl_NewIntObj(code));
        Tcl_ListObjAppendElement(interp, list,
                                 Tcl_NewStringObj(has_text ? s->text.p : "", has_text ? -1 : 0));
        Tcl_SetObjResult(interp, list);
        return TCL_OK;
    }
    if (!has_text || s->text.n == 0) {
        int32_t asked = native_query(&s->library, handle, "last-error", &s->text);
        if (asked != FHIRTRIAL_OK)
            return fail(interp, class_of(code), code, s->library.strerror(code));
    }
    return fail(interp, class_of(code), code, s->text.p);
}

typedef struct words {
    int n;
    Tcl_Obj *const *at;
} words;

static bool number(Tcl_Interp *interp, words w, int i, Tcl_WideInt *to) {
    *to = 0;
    return i >= w.n || Tcl_GetWideIntFromObj(interp, w.at[i], to) == TCL_OK;
}

static const void *bytes(words w, int i, int *n) { return Tcl_GetByteArrayFromObj(w.at[i], n); }

static int do_load(state *s, Tcl_Interp *interp, words w) {
    const char *why;
    if (native_load(&s->library, w.n > 2 ? Tcl_GetString(w.at[2]) : NULL, &why)) return TCL_OK;
    return fail(interp, "CONFIG", FHIRTRIAL_E_ABI, why);
}

static int do_open(state *s, Tcl_Interp *interp, words w) {
    int n;
    int32_t handle;
    const void *text = bytes(w, 2, &n);
    int32_t code = s->library.open(FHIRTRIAL_ABI, text, n, &handle);
    if (code != FHIRTRIAL_OK) return answer(s, interp, code, 0, false);
    Tcl_SetObjResult(interp, Tcl_NewIntObj(handle));
    return TCL_OK;
}

static int do_message(state *s, Tcl_Interp *interp, words w, int32_t handle, bool wait) {
    int n;
    int64_t job;
    const char *meta = w.n > 4 ? Tcl_GetString(w.at[4]) : NULL;
    const void *message = bytes(w, 3, &n);
    if (wait)
        return answer(s, interp, native_process(&s->library, handle, message, n, meta, &s->text),
                      handle, true);
    int32_t code = s->library.submit(handle, message, n, meta, &job);
    if (code != FHIRTRIAL_OK) return answer(s, interp, code, handle, false);
    Tcl_SetObjResult(interp, Tcl_NewWideIntObj(job));
    return TCL_OK;
}

/* [wait handle job ms]: code and, as text, the job that has finished. */
static int do_wait(state *s, Tcl_Interp *interp, words w, int32_t handle) {
    Tcl_WideInt job, ms;
    if (!number(interp, w, 3, &job) || !number(interp, w, 4, &ms)) return TCL_ERROR;
    int64_t which = job;
    int32_t code = s->library.wait(handle, &which, (int32_t)ms);
    if (code < 0) return answer(s, interp, code, handle, false);
    Tcl_Obj *list = Tcl_NewListObj(0, NULL);
    Tcl_ListObjAppendElement(interp, list, Tcl_NewIntObj(code));
    Tcl_ListObjAppendElement(interp, list, Tcl_NewWideIntObj(which));
    Tcl_SetObjResult(interp, list);
    return TCL_OK;
}

static int do_configure(state *s, Tcl_Interp *interp, words w, int32_t handle) {
    int n;
    const void *text = bytes(w, 3, &n);
    return answer(s, interp, s->library.configure(handle, text, n), handle, false);
}

enum {
    LOAD,
    UNLOAD,
    BUFFER,
    OPEN,
    PROCESS,
    SUBMIT,
    WAIT,
    RESULT,
    STEP,
    QUERY,
    NEXT,
    CONFIGURE,
    CLOSE
};
static const struct {
    const char *name, *usage;
    int least, most; /* words */
} commands[] = {[LOAD] = {"load", "?path?", 2, 3},
                [UNLOAD] = {"unload", "", 2, 2},
                [BUFFER] = {"buffer", "bytes", 3, 3}, /* what the first attempt at an answer gets */
                [OPEN] = {"open", "configuration", 3, 3},
                [PROCESS] = {"process", "handle bytes ?meta?", 4, 5},
                [SUBMIT] = {"submit", "handle bytes ?meta?", 4, 5},
                [WAIT] = {"wait", "handle ?job? ?ms?", 3, 5},
                [RESULT] = {"result", "handle job", 4, 4},
                [STEP] = {"step", "handle ms", 4, 4},
                [QUERY] = {"query", "handle what", 4, 4},
                [NEXT] = {"next_event", "handle", 3, 3},
                [CONFIGURE] = {"configure", "handle configuration", 4, 4},
                [CLOSE] = {"close", "handle ?drain_ms?", 3, 4},
                {NULL, NULL, 0, 0}};

static int of_library(state *s, Tcl_Interp *interp, int which, words w) {
    Tcl_WideInt size;
    switch (which) {
    case LOAD: return do_load(s, interp, w);
    case UNLOAD: native_unload(&s->library); return TCL_OK;
    case OPEN: return do_open(s, interp, w);
    default:
        if (!number(interp, w, 2, &size)) return TCL_ERROR;
        free(s->text.p);
        s->text = (native_text){.cap = size};
        return TCL_OK;
    }
}

static int of_handle(state *s, Tcl_Interp *interp, int which, words w) {
    Tcl_WideInt handle, argument = 0;
    if (!number(interp, w, 2, &handle)) return TCL_ERROR;
    int32_t h = (int32_t)handle;
    if ((which == RESULT || which == STEP || which == CLOSE) && !number(interp, w, 3, &argument))
        return TCL_ERROR;
    switch (which) {
    case PROCESS: return do_message(s, interp, w, h, true);
    case SUBMIT: return do_message(s, interp, w, h, false);
    case WAIT: return do_wait(s, interp, w, h);
    case CONFIGURE: return do_configure(s, interp, w, h);
    case RESULT:
        return answer(s, interp, native_result(&s->library, h, argument, &s->text), h, true);
    case STEP: return answer(s, interp, s->library.step(h, (int32_t)argument), h, false);
    case QUERY: {
        int32_t code = native_query(&s->library, h, Tcl_GetString(w.at[3]), &s->text);
        return answer(s, interp, code, h, true);
    }
    case NEXT: return answer(s, interp, native_next_event(&s->library, h, &s->text), h, true);
    default: return answer(s, interp, s->library.close(h, (int32_t)argument), 0, false);
    }
}

static int command(ClientData data, Tcl_Interp *interp, int n, Tcl_Obj *const at[]) {
    state *s = data;
    int which;
    if (n < 2) {
        Tcl_WrongNumArgs(interp, 1, at, "subcommand ?argument ...?");
        return TCL_ERROR;
    }
    if (Tcl_GetIndexFromObjStruct(interp, at[1], commands, sizeof commands[0], "subcommand", 0,
                                  &which) != TCL_OK)
        return TCL_ERROR;
    if (n < commands[which].least || n > commands[which].most) {
        Tcl_WrongNumArgs(interp, 2, at, commands[which].usage);
        return TCL_ERROR;
    }
    words w = {n, at};
    if (!s->library.library && which != LOAD && which != BUFFER)
        return fail(interp, "MISUSE", FHIRTRIAL_E_HANDLE, "no library is loaded: fhirtrial load");
    return which <= OPEN ? of_library(s, interp, which, w) : of_handle(s, interp, which, w);
}

/* The library stays loaded: an interpreter that goes may have left handles open. */
static void forget(ClientData data) {
    state *s = data;
    free(s->text.p);
    free(s);
}

/* The name that Tcl's `load` looks for. */
__attribute__((visibility("default"))) int Fhirtrial_Init(Tcl_Interp *interp);
int Fhirtrial_Init(Tcl_Interp *interp) {
    if (!Tcl_InitStubs(interp, "8.6", 0)) return TCL_ERROR;
    state *s = calloc(1, sizeof *s);
    if (!s) return TCL_ERROR;
    Tcl_CreateObjCommand(interp, "fhirtrial", command, s, forget);
    return Tcl_PkgProvide(interp, "fhirtrial", "0.1");
}
