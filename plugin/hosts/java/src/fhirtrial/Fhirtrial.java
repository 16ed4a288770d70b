// SPDX-License-Identifier: Apache-2.0
package fhirtrial;

import com.sun.jna.Callback;
import com.sun.jna.Memory;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.LongByReference;
import java.io.File;
import java.io.IOException;
import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.util.Collections;
import java.util.HashSet;
import java.util.Set;

/**
 * One open handle of libfhirtrial, for Java 8 or later and JNA 4.5.2 or later.
 *
 * <pre>
 * try (Fhirtrial engine = Fhirtrial.open("/usr/local/lib/libfhirtrial.so.0", new File("fhirtrial.json"))) {
 *     Fhirtrial.Result result = engine.process(bytes, "{\"messageId\":\"m-17\"}");
 * } catch (FhirtrialException.RetryLater again) {
 *     // nothing was stored: the same bytes again, later
 * }
 * </pre>
 *
 * Every method may be called from any thread, but not from a listener. A handle that was forgotten, as by a channel
 * that was deployed again, is closed at the next call of this class after the garbage collector has found it; there is
 * no thread that a redeployed class loader could hang on.
 */
public final class Fhirtrial implements AutoCloseable {
    public static final int OK = 0;
    public static final int PENDING = 1;
    public static final int NOMATCH = 2;
    public static final int E_HANDLE = -2;
    public static final int E_ABI = -3;
    public static final int E_CONFIG = -4;
    public static final int E_BUFFER = -5;
    public static final int E_PARSE = -6;
    public static final int E_REJECT = -7;
    public static final int E_RETRY = -8;
    public static final int E_AUTH = -9;
    public static final int E_FULL = -10;
    public static final int E_NOMEM = -12;
    public static final int E_INTERNAL = -99;

    private static final int ABI = 1 << 16;
    private static final Charset UTF8 = Charset.forName("UTF-8");
    private static final ReferenceQueue<Fhirtrial> FORGOTTEN = new ReferenceQueue<Fhirtrial>();
    private static final Set<Handle> OPEN = Collections.synchronizedSet(new HashSet<Handle>());

    private static volatile int firstBuffer = 1 << 16;

    private final NativeLibrary library;
    private final Handle handle;
    private Callback log; // JNA frees a callback that nobody holds
    private Callback clock;

    /** The result of a message: {@code text} is the JSON document of docs/abi.md. */
    public static final class Result {
        public final boolean matched;
        public final String text;

        Result(boolean matched, String text) {
            this.matched = matched;
            this.text = text;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    /** Gets log lines, on a thread that is inside a method of the same Fhirtrial. */
    public interface LogListener {
        void line(int level, String json);
    }

    /** The evaluation clock in nanoseconds since 1970: for tests and replay. */
    public interface Clock {
        long now();
    }

    /** What the C side calls; JNA wants public interfaces of one method. */
    public interface LogCallback extends Callback {
        void invoke(Pointer user, int level, Pointer line);
    }

    public interface ClockCallback extends Callback {
        long invoke(Pointer user);
    }

    /** Keeps the number after its Fhirtrial is gone. */
    private static final class Handle extends PhantomReference<Fhirtrial> {
        final NativeLibrary library;
        final int number;

        Handle(Fhirtrial of, NativeLibrary library, int number) {
            super(of, FORGOTTEN);
            this.library = library;
            this.number = number;
        }
    }

    private interface Fill {
        int into(Memory room, LongByReference size);
    }

    /** Room for answers outside the heap: an array would be copied whole, there and back, at every call. */
    private static final ThreadLocal<Memory> ROOM = new ThreadLocal<Memory>();

    private static Memory room() {
        Memory room = ROOM.get();
        if (room == null || room.size() != firstBuffer) {
            room = new Memory(firstBuffer);
            ROOM.set(room);
        }
        return room;
    }

    private Fhirtrial(NativeLibrary library, int number) {
        this.library = library;
        this.handle = new Handle(this, library, number);
        OPEN.add(handle);
    }

    /** Opens a handle on a configuration file. */
    public static Fhirtrial open(String path, File configuration) throws IOException {
        return open(path, new String(Files.readAllBytes(configuration.toPath()), UTF8));
    }

    /** Opens a handle on a configuration's text. {@code path}: of the shared object; null: where the system looks. */
    public static Fhirtrial open(String path, String configuration) {
        closeForgotten();
        NativeLibrary library = load(path);
        byte[] text = configuration.getBytes(UTF8);
        IntByReference number = new IntByReference();
        int code = call(library, "fhirtrial_open", ABI, text, (long) text.length, number);
        if (code != OK) {
            throw refusal(library, 0, code);
        }
        return new Fhirtrial(library, number.getValue());
    }

    /**
     * Gives a loaded file up, so that the next open loads what stands at its path by then. Close every handle on it
     * before.
     */
    @SuppressWarnings("deprecation") // in JNA 5; it is all there is in 4.5.2
    public static void unload(String path) {
        load(path).dispose();
    }

    /** Handles that are open in this class, forgotten ones included. */
    public static int openHandles() {
        closeForgotten();
        return OPEN.size();
    }

    /** The size of the first buffer that is offered for an answer; a larger answer costs one call more. */
    public static void setFirstBuffer(int bytes) {
        firstBuffer = bytes;
    }

    /** As {@link #process(byte[], String)}, of a text. */
    public Result process(String message, String meta) {
        return process(message.getBytes(UTF8), meta);
    }

    /** Takes in a message; returns when it is durable. {@code meta}: meta_json of docs/abi.md, or null. */
    public Result process(byte[] message, String meta) {
        closeForgotten();
        Memory out = room();
        LongByReference size = new LongByReference();
        LongByReference job = new LongByReference();
        int code = call("fhirtrial_process", handle.number, message, (long) message.length, terminated(meta), out,
                out.size(), size, job);
        if (code == E_BUFFER) { // it is stored: the result waits under its job
            return result(job.getValue());
        }
        return result(code, textOf(out, size));
    }

    /** Hands a message in; its job is for {@link #await} and {@link #result}. */
    public long submit(byte[] message, String meta) {
        LongByReference job = new LongByReference();
        check(call("fhirtrial_submit", handle.number, message, (long) message.length, terminated(meta), job));
        return job.getValue();
    }

    /** The job (0: any) once it has finished; 0 where none has in time, or none is left. */
    public long await(long job, int milliseconds) {
        LongByReference which = new LongByReference(job);
        return check(call("fhirtrial_wait", handle.number, which, milliseconds)) == OK ? which.getValue() : 0;
    }

    /** The result of a finished job; exceptions as for {@link #process(byte[], String)}. */
    public Result result(final long job) {
        final String[] text = new String[1];
        int code = filled(text, new Fill() {
            @Override
            public int into(Memory room, LongByReference size) {
                return call("fhirtrial_result", handle.number, job, room, room.size(), size);
            }
        });
        return result(code, text[0]);
    }

    /** Works for that long: outbox, due Flags, older rows. True where more is left. */
    public boolean step(int milliseconds) {
        return check(call("fhirtrial_step", handle.number, milliseconds)) == PENDING;
    }

    /** The answer to a question of docs/abi.md; null where nothing is known. */
    public String query(final String what) {
        String[] text = new String[1];
        int code = filled(text, new Fill() {
            @Override
            public int into(Memory room, LongByReference size) {
                return query(library, handle.number, what, room, size);
            }
        });
        return check(code) == OK ? text[0] : null;
    }

    /** Puts another configuration in force; after an exception the old one stays. */
    public void configure(String configuration) {
        byte[] text = configuration.getBytes(UTF8);
        check(call("fhirtrial_configure", handle.number, text, (long) text.length));
    }

    /** Registers the listener for lines of at least that level (0 debug, 1 info, 2 warning, 3 error); null removes. */
    public synchronized void onLog(int level, final LogListener listener) {
        LogCallback next = listener == null ? null : new LogCallback() {
            @Override
            public void invoke(Pointer user, int at, Pointer line) {
                listener.line(at, line.getString(0, "UTF-8"));
            }
        };
        check(call("fhirtrial_on_log", handle.number, level, next, null));
        log = next; // held, and the one before is given up now that it is not called again
    }

    /** Registers the evaluation clock; null: real time. */
    public synchronized void onClock(final Clock given) {
        ClockCallback next = given == null ? null : new ClockCallback() {
            @Override
            public long invoke(Pointer user) {
                return given.now();
            }
        };
        check(call("fhirtrial_on_clock", handle.number, next, null));
        clock = next;
    }

    /** The oldest log line that waits, or null; for hosts that register no listener. */
    public String nextEvent() {
        String[] text = new String[1];
        int code = filled(text, new Fill() {
            @Override
            public int into(Memory room, LongByReference size) {
                return call("fhirtrial_next_event", handle.number, room, room.size(), size);
            }
        });
        return check(code) == OK ? text[0] : null;
    }

    /** Closes within five seconds; once more does nothing. */
    @Override
    public void close() {
        if (OPEN.contains(handle)) {
            close(5000);
        }
    }

    /** Ends the handle. What was acknowledged is in the store. On a closed handle: Misuse. */
    public void close(int milliseconds) {
        OPEN.remove(handle);
        handle.clear();
        check(call("fhirtrial_close", handle.number, milliseconds));
    }

    private static void closeForgotten() {
        for (Handle lost; (lost = (Handle) FORGOTTEN.poll()) != null;) {
            if (OPEN.remove(lost)) {
                call(lost.library, "fhirtrial_close", lost.number, 0);
            }
        }
    }

    private static NativeLibrary load(String path) {
        NativeLibrary library = NativeLibrary.getInstance(path == null ? "fhirtrial" : path);
        int offered = call(library, "fhirtrial_abi_version");
        if (offered >>> 16 != ABI >>> 16) {
            throw FhirtrialException.of(E_ABI, "fhirtrial: the library offers another version of the interface", "");
        }
        return library;
    }

    private static int call(NativeLibrary library, String function, Object... arguments) {
        return library.getFunction(function).invokeInt(arguments);
    }

    private int call(String function, Object... arguments) {
        return call(library, function, arguments);
    }

    private static int query(NativeLibrary library, int number, String what, Memory room, LongByReference size) {
        return call(library, "fhirtrial_query", number, terminated(what), room, room.size(), size);
    }

    /** Calls with a buffer that grows until the answer fits. */
    private static int filled(String[] text, Fill fill) {
        LongByReference size = new LongByReference();
        Memory room = room();
        int code = fill.into(room, size);
        while (code == E_BUFFER) {
            room = new Memory(size.getValue());
            code = fill.into(room, size);
        }
        text[0] = textOf(room, size);
        return code;
    }

    private static String textOf(Memory room, LongByReference size) {
        long n = size.getValue();
        return n > 0 && n <= room.size() ? new String(room.getByteArray(0, (int) n), UTF8) : "";
    }

    private static byte[] terminated(String text) {
        return text == null ? null : (text + "\0").getBytes(UTF8);
    }

    private Result result(int code, String text) {
        if (code < 0 && text.length() > 0) {
            throw FhirtrialException.of(code, name(library, code), text);
        }
        check(code);
        return new Result(code == OK, text);
    }

    private int check(int code) {
        if (code < 0) {
            throw refusal(library, handle.number, code);
        }
        return code;
    }

    private static String name(NativeLibrary library, int code) {
        Pointer text = library.getFunction("fhirtrial_strerror").invokePointer(new Object[] {code});
        return "fhirtrial: " + text.getString(0, "UTF-8");
    }

    private static FhirtrialException refusal(final NativeLibrary library, final int number, int code) {
        String[] text = {""};
        int asked = filled(text, new Fill() {
            @Override
            public int into(Memory room, LongByReference size) {
                return query(library, number, "last-error", room, size);
            }
        });
        return FhirtrialException.of(code, name(library, code), asked == OK ? text[0] : "");
    }
}
