# SPDX-License-Identifier: Apache-2.0
"""agent.py: the contract's commands (tests/hosts/README.md) through plugin/hosts/python/fhirtrial.py."""

import json
import sys
import threading
import time

import fhirtrial


class Agent:
    def __init__(self):
        self.library = self.engine = None
        self.lines = []

    def load(self, path):
        self.library = fhirtrial.Library(path)
        return 0, ""

    def unload(self):
        self.library.unload()
        return 0, ""

    def buffer(self, n):
        self.library.first_buffer = int(n)
        return 0, ""

    def open(self, path):
        self.engine = self.library.open(read(path))
        return 0, ""

    def configure(self, path):
        self.engine.configure(read(path))
        return 0, ""

    def process(self, path, meta="{}"):
        result = self.engine.process(read(path), **json.loads(meta))
        return (0 if result.matched else 2), result.text

    def query(self, what):
        answer = self.engine.query(what)
        return (2, "") if answer is None else (0, answer)

    def step(self, ms):
        return int(self.engine.step(int(ms))), ""

    def log(self, level):
        self.engine.on_log(lambda at, line: self.lines.append(line), int(level))
        return 0, ""

    def logs(self):
        lines, self.lines = self.lines, []
        return 0, " ".join(lines)

    def close(self, drain="0"):
        self.engine.close(int(drain))
        return 0, ""

    def code_of(self, path):
        try:
            return self.process(path)[0]
        except fhirtrial.Error as error:
            return error.code

    def repeat(self, n, command, argument):
        call = (lambda: self.engine.query(argument)) if command == "query" else self.processor(argument)
        began = time.perf_counter()
        for _ in range(int(n)):
            call()
        return 0, f"{(time.perf_counter() - began) * 1e6 / int(n):.3f}"

    def processor(self, path):
        message = read(path)
        return lambda: self.engine.process(message)

    def together(self, *paths):
        codes = [None] * len(paths)

        def one(i):
            codes[i] = self.code_of(paths[i])

        run_all([threading.Thread(target=one, args=(i,)) for i in range(len(paths))])
        return 0, " ".join(map(str, codes))

    def busy(self, path):
        """Four threads process while this one closes; every code that a process call gave."""
        codes, began = [], threading.Event()

        def feed():
            for _ in range(50):
                codes.append(self.code_of(path))
                began.set()

        threads = [threading.Thread(target=feed) for _ in range(4)]
        for thread in threads:
            thread.start()
        began.wait()
        self.engine.close(0)
        for thread in threads:
            thread.join()
        return 0, " ".join(map(str, sorted(set(codes))))


def run_all(threads):
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main():
    agent = Agent()
    for line in sys.stdin:
        command, *arguments = line.rstrip("\n").split("\t")
        try:
            code, text = getattr(agent, command)(*arguments)
        except fhirtrial.Error as error:
            code, text = error.code, error.outcome
        print(f"{code}\t{text}".replace("\n", " "), flush=True)


main()
