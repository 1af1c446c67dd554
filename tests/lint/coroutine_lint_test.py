# SPDX-License-Identifier: Apache-2.0
"""Coroutines that must be refused, each by its rule, and ones that must pass."""

import unittest

from coroutine_lint import check

REFUSED = [
    ("a lambda as an argument", "coroutine-lambda", "co_await timer.async_wait([](error_code) {});"),
    ("a lambda with captures", "coroutine-lambda", "auto x = co_await run(io, [this, &y]() mutable { return y; });"),
    ("a lambda called at once", "coroutine-lambda", "co_await [] { return later(); }();"),
    ("a lambda before the co_await", "coroutine-lambda", "use([] { return 1; }, co_await later());"),
    ("an aggregate as an argument", "coroutine-braces", "co_await http.send(Request{url, 5s});"),
    ("braces without a type", "coroutine-braces", "co_await send({url, 5s});"),
    ("over two lines", "coroutine-braces", "const auto x =\n    co_await send(a,\n        Part{1, 2});"),
    ("braces before the co_await", "coroutine-braces", "use(Part{1}, co_await later());"),
    ("braces in the if", "coroutine-braces", "if (!(co_await send(Part{1}))) co_return;"),
    ("braces in a while", "coroutine-braces", "while (co_await next(Part{1})) { go(); }"),
    ("braces in a return", "coroutine-braces", "co_return co_await send(Part{1});"),
    ("inline initiation", "coroutine-initiate", "co_await asio::async_initiate<T, void()>(start, token);"),
    ("a structured binding", "coroutine-binding", "auto [error, size] = co_await read(as_tuple(use_awaitable));"),
    ("a binding by reference", "coroutine-binding", "const auto& [a, b] = co_await pair();"),
    ("a binding in a for", "coroutine-binding", "for (auto [a, b] : co_await all()) use(a, b);"),
    ("a capturing coroutine", "coroutine-captures", "auto run = [this]() -> awaitable<void> { co_return; };"),
    ("captured for co_spawn", "coroutine-captures",
     "co_spawn(io, [self = shared()]() -> awaitable<void> { co_await self->run(); }, detached);"),
    ("captured without parameters", "coroutine-captures", "auto run = [&] { co_yield 1; };"),
]

PASS = [
    ("nothing but names", "co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));"),
    ("named before", "Part part{1, 2};\nco_await send(part);"),
    ("named lambda", "auto work = [x] { return x; };\nco_await off_loop(pool, std::move(work));"),
    ("block after the head", "if (co_await ready()) { go(Part{1}); }"),
    ("block before", "if (x) { go(Part{1}); } co_await later();"),
    ("loop over braces", "for (int x : {1, 2}) co_await later(x);"),
    ("else", "if (x) a(); else co_await later();"),
    ("subscript", "co_await work[index].run();"),
    ("attribute", "[[nodiscard]] awaitable<void> run();\nco_await run();"),
    ("binding without co_await", "const auto [a, b] = pair();\nco_await later(a, b);"),
    ("captureless coroutine", "auto run = []() -> awaitable<void> { co_return; };"),
    ("captures, but no coroutine", "auto start = [this]() -> awaitable<void> { return run(); };"),
    ("captures around a captureless coroutine",
     "auto start = [this] { auto run = []() -> awaitable<void> { co_return; }; spawn(run); };"),
    ("a completion handler", "co_spawn(io, std::move(run), [name](std::exception_ptr e) { say(name, e); });"),
    ("in a comment", "// co_await send(Part{1});\n/* [this] { co_return; } */ x();"),
    ("in a string", 'say("co_await [this] {}");\nsay(R"(co_await send({1}))");'),
]


def rules(body):
    return {finding.rule for finding in check({"x.cpp": "awaitable<void> f() {\n" + body + "\n}\n"})}


class CoroutineLint(unittest.TestCase):
    def test_refused(self):
        for name, rule, body in REFUSED:
            with self.subTest(name):
                self.assertIn(rule, rules(body))

    def test_pass(self):
        for name, body in PASS:
            with self.subTest(name):
                self.assertEqual(set(), rules(body))

    def test_says_where(self):
        found = check({"a/b.cpp": "void f() {\n  co_await g(\n      Part{1});\n}\n"})
        self.assertEqual(["a/b.cpp:3: coroutine-braces"], [": ".join(str(each).split(": ")[:2]) for each in found])


if __name__ == "__main__":
    unittest.main()
