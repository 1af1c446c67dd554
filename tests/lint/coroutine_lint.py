# SPDX-License-Identifier: Apache-2.0
"""What g++ 12 compiles wrongly in coroutines, without a warning: a lambda or a braced aggregate in the full expression of
a co_await is destroyed twice. And what is wrong with any compiler: a coroutine lambda with captures, which die before it
does. Structured bindings on a co_await are refused with them: redirect_error says the same in the open."""

import re
import sys

from project_tree import Finding, is_cpp, line_of, read_tree, report, root_argument, without_comments

OPENING, CLOSING = "([{", ")]}"
BEFORE_LAMBDA = {"return", "co_return", "co_await", "co_yield", "case", "else"}
HEAD = re.compile(r"\s*(?:else\s+)?(?:if|for|while|switch)\s*(?:constexpr\s*)?\(")
COROUTINE_WORD = re.compile(r"\bco_(?:await|return|yield)\b")
BINDING = re.compile(r"\bauto\s*(?:const\s*)?&{0,2}\s*\[[^\]]*\]\s*[=:({]")


def closing(text, opening):
    """The index of the bracket that closes the one at `opening`."""
    depth = 0
    for index in range(opening, len(text)):
        if text[index] in OPENING:
            depth += 1
        elif text[index] in CLOSING:
            depth -= 1
            if depth == 0:
                return index
    return len(text) - 1


def is_lambda(text, at):
    """Whether the '[' at `at` introduces a lambda, and not a subscript, an attribute or a structured binding."""
    if text[at:at + 2] == "[[" or (at > 0 and text[at - 1] == "["):
        return False
    before = text[:at].rstrip()
    if not before:
        return False
    word = re.search(r"\w+$", before)
    if word:
        return word.group() in BEFORE_LAMBDA
    if before[-1] in ")]" or re.search(r"\bauto\s*(const\s*)?&{1,2}$", before):
        return False
    following = text[closing(text, at) + 1:].lstrip()
    return following[:1] in ("(", "{", "<") or re.match(r"mutable\b|noexcept\b|->|requires\b", following) is not None


def lambda_body(text, at):
    """(begin, end) of the braces of the lambda whose '[' is at `at`, or None."""
    index = closing(text, at) + 1
    while index < len(text):
        if text[index] == "{":
            return index, closing(text, index)
        if text[index] == "(":
            index = closing(text, index)
        elif text[index] in ";)],}":
            return None
        index += 1
    return None


def expression_around(text, at):
    """(begin, end) of the full expression with the co_await at `at`."""
    depth, end = 0, at
    while end < len(text):
        char = text[end]
        if char in OPENING:
            depth += 1
        elif char in CLOSING:
            if depth == 0 and char == "}":
                break
            depth -= 1
        elif char == ";" and depth <= 0:
            break
        if depth < 0 and text[end + 1:].lstrip()[:1] == "{":
            break  # the head of an if, for or while
        end += 1

    begin = at
    while begin > 0:
        char = text[begin - 1]
        if char in ";{":
            break
        if char == "}":
            following = text[begin:].lstrip()
            if re.match(r"[,).?:+*/%&|<>=!^-]", following) is None or following.startswith("::"):
                break  # the end of the block before
        if char in CLOSING:
            begin = opening(text, begin - 1) + 1
        begin -= 1
    while True:
        head = HEAD.match(text, begin, at)
        if head is None:
            break
        end_of_head = closing(text, head.end() - 1)
        if end_of_head > at:
            break
        begin = end_of_head + 1
    return begin, end


def opening(text, closed):
    """The index of the bracket that opens the one at `closed`."""
    depth = 0
    for index in range(closed, -1, -1):
        if text[index] in CLOSING:
            depth += 1
        elif text[index] in OPENING:
            depth -= 1
            if depth == 0:
                return index
    return 0


def check_expressions(path, text):
    findings = set()
    for match in re.finditer(r"\bco_await\b", text):
        begin, end = expression_around(text, match.start())
        expression = text[begin:end]
        line = line_of(text, match.start())
        if BINDING.search(text, begin, match.start()):
            findings.add(Finding(path, line, "coroutine-binding",
                                 "no structured binding on co_await: name the result, or use redirect_error"))
        if "async_initiate" in expression:
            findings.add(Finding(path, line, "coroutine-initiate",
                                 "async_initiate inside a co_await expression: put it into a function of its own"))
        index = begin
        while index < end:
            if text[index] == "[" and is_lambda(text, index):
                findings.add(Finding(path, line_of(text, index), "coroutine-lambda",
                                     "a lambda inside a co_await expression: name it on the line before"))
                body = lambda_body(text, index)
                index = body[1] if body else closing(text, index)
            elif text[index] == "{":
                findings.add(Finding(path, line_of(text, index), "coroutine-braces",
                                     "braces inside a co_await expression: make the value on the line before"))
                index = closing(text, index)
            index += 1
    return findings


def check_lambdas(path, text):
    findings = []
    for match in re.finditer(r"\[", text):
        at = match.start()
        if not is_lambda(text, at) or not text[at + 1:closing(text, at)].strip():
            continue
        body = lambda_body(text, at)
        if body and COROUTINE_WORD.search(own_text(text, *body)):
            findings.append(Finding(path, line_of(text, at), "coroutine-captures",
                                    "a coroutine lambda with captures: make it a function that takes them by value"))
    return findings


def own_text(text, begin, end):
    """The body without the bodies of the lambdas in it."""
    parts, index, start = [], begin + 1, begin + 1
    while index < end:
        if text[index] == "[" and is_lambda(text, index):
            body = lambda_body(text, index)
            if body:
                parts.append(text[start:body[0]])
                index = start = body[1]
        index += 1
    parts.append(text[start:end])
    return " ".join(parts)


def check(texts):
    findings = []
    for path, text in texts.items():
        bare = without_comments(text)
        findings += check_expressions(path, bare)
        findings += check_lambdas(path, bare)
    return findings


if __name__ == "__main__":
    sys.exit(report(check(read_tree(root_argument(), is_cpp))))
