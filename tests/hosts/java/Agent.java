// SPDX-License-Identifier: Apache-2.0
import fhirtrial.Fhirtrial;
import fhirtrial.FhirtrialException;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;

/** The contract's commands (tests/hosts/README.md) through plugin/hosts/java. */
public final class Agent {
    private String path;
    private Fhirtrial engine;
    private final List<String> lines = Collections.synchronizedList(new ArrayList<>());
    private int code;

    public static void main(String[] arguments) throws Exception {
        Agent agent = new Agent();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        for (String line; (line = in.readLine()) != null;) {
            String text;
            agent.code = 0;
            try {
                text = agent.carryOut(line.split("\t"));
            } catch (FhirtrialException refusal) {
                agent.code = refusal.code();
                text = refusal.outcome();
            }
            out.println(agent.code + "\t" + text.replace('\n', ' '));
        }
    }

    private String carryOut(String[] words) throws Exception {
        switch (words[0]) {
            case "load":
                path = words[1];
                return "";
            case "unload":
                Fhirtrial.unload(path);
                return "";
            case "buffer":
                Fhirtrial.setFirstBuffer(Integer.parseInt(words[1]));
                return "";
            case "open":
                engine = Fhirtrial.open(path, new File(words[1]));
                return "";
            case "configure":
                engine.configure(new String(bytes(words[1]), StandardCharsets.UTF_8));
                return "";
            case "process":
                return process(words[1], words.length > 2 ? words[2] : null);
            case "together":
                return together(words);
            case "busy":
                return busy(words[1]);
            case "query":
                String answer = engine.query(words[1]);
                code = answer == null ? Fhirtrial.NOMATCH : Fhirtrial.OK;
                return answer == null ? "" : answer;
            case "step":
                engine.step(Integer.parseInt(words[1]));
                return "";
            case "log":
                engine.onLog(Integer.parseInt(words[1]), (level, line) -> lines.add(line));
                return "";
            case "logs":
                return String.join(" ", lines);
            case "repeat":
                return repeat(Integer.parseInt(words[1]), words[2], words[3]);
            case "redeploy":
                return redeploy(Integer.parseInt(words[1]), words[2]);
            case "forget":
                return forget();
            case "close":
                engine.close(Integer.parseInt(words[1]));
                return "";
            default:
                throw new IllegalArgumentException(words[0]);
        }
    }

    private String process(String file, String meta) throws Exception {
        Fhirtrial.Result result = engine.process(bytes(file), meta);
        code = result.matched ? Fhirtrial.OK : Fhirtrial.NOMATCH;
        return result.text;
    }

    /** What one call takes, in microseconds. */
    private String repeat(int n, String command, String argument) throws Exception {
        byte[] message = command.equals("process") ? bytes(argument) : null;
        long began = System.nanoTime();
        for (int i = 0; i < n; i++) {
            if (message == null) {
                engine.query(argument);
            } else {
                engine.process(message, null);
            }
        }
        return String.valueOf((System.nanoTime() - began) / 1e3 / n);
    }

    /** Drops the handle without closing it; the text is the number of handles left once it was collected. */
    private String forget() throws InterruptedException {
        engine = null;
        for (int i = 0; i < 100 && Fhirtrial.openHandles() > 0; i++) {
            System.gc();
            Thread.sleep(20);
        }
        return "left " + Fhirtrial.openHandles();
    }

    /** Opens and closes; every tenth time it only forgets. What that leaves. */
    private String redeploy(int n, String file) throws Exception {
        int threads = entries("task");
        int files = entries("fd");
        for (int i = 0; i < n; i++) {
            engine = Fhirtrial.open(path, new File(file));
            if (i % 10 != 0) {
                engine.close(0);
            } else {
                forget();
            }
        }
        return "handles " + Fhirtrial.openHandles() + ", more threads " + Math.max(0, entries("task") - threads)
                + ", more files " + Math.max(0, entries("fd") - files);
    }

    private static int entries(String of) {
        return new File("/proc/self", of).list().length;
    }

    private static byte[] bytes(String file) throws Exception {
        return Files.readAllBytes(Paths.get(file));
    }

    private int codeOf(String file) {
        try {
            return engine.process(bytes(file), null).matched ? Fhirtrial.OK : Fhirtrial.NOMATCH;
        } catch (FhirtrialException refusal) {
            return refusal.code();
        } catch (Exception other) {
            throw new IllegalStateException(other);
        }
    }

    private String together(String[] words) throws Exception {
        Integer[] codes = new Integer[words.length - 1];
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < codes.length; i++) {
            int at = i;
            threads.add(new Thread(() -> codes[at] = codeOf(words[at + 1])));
        }
        runAll(threads);
        StringBuilder text = new StringBuilder();
        for (Integer one : codes) {
            text.append(one).append(' ');
        }
        return text.toString();
    }

    private String busy(String file) throws Exception {
        TreeSet<Integer> seen = new TreeSet<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            threads.add(new Thread(() -> {
                for (int k = 0; k < 50; k++) {
                    int one = codeOf(file);
                    synchronized (seen) {
                        seen.add(one);
                    }
                }
            }));
        }
        threads.add(new Thread(() -> engine.close(0)));
        runAll(threads);
        return seen.toString().replaceAll("[\\[\\],]", "");
    }

    private static void runAll(List<Thread> threads) throws InterruptedException {
        for (Thread thread : threads) {
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }
}
