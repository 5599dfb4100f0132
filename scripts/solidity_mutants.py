"""Small faults put into Solidity, one at a time, for the tests to find.

Works on the compiler's syntax tree, so that only code is touched and every fault is one a hand
could have made: a bound off by one, a lost check, a sum for a difference, a forgotten assignment.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Node = dict[str, Any]

_BINARY = {
    "<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"],
    "==": ["!="], "!=": ["=="], "&&": ["||"], "||": ["&&"],
    "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["*"], "**": ["*"],
    "&": ["|"], "|": ["&"], "^": ["&"], "<<": [">>"], ">>": ["<<"],
}  # fmt: skip
_ASSIGNMENT = {
    "+=": "-=", "-=": "+=", "*=": "/=", "/=": "*=", "%=": "*=",
    "|=": "&=", "&=": "|=", "^=": "&=", "<<=": ">>=", ">>=": "<<=",
}  # fmt: skip
_YUL = {
    "add": "sub", "sub": "add", "mul": "div", "div": "mul", "mod": "div",
    "lt": "gt", "gt": "lt", "slt": "sgt", "sgt": "slt", "and": "or", "or": "and",
    "shl": "shr", "shr": "shl", "sar": "shr",
}  # fmt: skip
# Declarations and words about errors hold nothing that runs by itself.
_LEFT_OUT = {
    "ArrayTypeName", "ErrorDefinition", "EventDefinition", "ImportDirective", "PragmaDirective",
    "StructuredDocumentation", "UsingForDirective",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One fault: the bytes from `start` to `end` of `path` become `replacement`."""

    id: str
    """`Contract.function#hash`: stays until its line, or an equal one of the function, changes."""
    path: str
    line: int
    column: int
    operator: str
    start: int
    end: int
    original: str
    replacement: str

    def applied(self, source: bytes) -> bytes:
        """`source` with the fault."""
        return source[: self.start] + self.replacement.encode() + source[self.end :]

    def __str__(self) -> str:
        was, now = (" ".join(text.split()) for text in (self.original, self.replacement))
        return f"{self.id}  {self.path}:{self.line}:{self.column}  {self.operator}: {was} -> {now}"


def mutants(path: str, source: bytes, tree: Node) -> list[Mutant]:
    """All mutants of `source`, in its order. `tree` is its syntax tree, with types."""
    made: list[Mutant] = []
    seen: dict[str, int] = {}
    for place, operator, start, end, replacement in sorted(
        set(_changes(source, tree, ())), key=lambda change: (change[2], change[3], change[1])
    ):
        original = source[start:end].decode()
        line_start = source.rfind(b"\n", 0, start) + 1
        text = source[line_start : source.find(b"\n", start)].decode().strip()
        key = "\0".join([path, place, text, operator, original, replacement])
        seen[key] = seen.get(key, 0) + 1
        digest = hashlib.sha256(f"{key}\0{seen[key]}".encode()).hexdigest()[:8]
        made.append(
            Mutant(
                f"{place}#{digest}", path, source.count(b"\n", 0, start) + 1,
                start - line_start + 1, operator, start, end, original, replacement,
            )
        )  # fmt: skip
    return made


_Change = tuple[str, str, int, int, str]


def _changes(source: bytes, node: Node, names: tuple[str, ...]) -> Iterator[_Change]:
    kind = node.get("nodeType", "")
    is_interface = kind == "ContractDefinition" and node["contractKind"] == "interface"
    if kind in _LEFT_OUT or is_interface:
        return
    if kind in ("ContractDefinition", "FunctionDefinition", "ModifierDefinition"):
        names = (*names, node["name"] or node.get("kind", ""))
    place = ".".join(names)
    for operator, start, end, replacement in _at(kind, node, source):
        yield place, operator, start, end, replacement
    for name, child in node.items():
        for each in child if isinstance(child, list) else [child]:
            if isinstance(each, dict) and name != "typeDescriptions":
                yield from _changes(source, each, names)


def _at(kind: str, node: Node, source: bytes) -> Iterator[tuple[str, int, int, str]]:
    """The changes of one node itself."""
    start, end = _span(node) if "src" in node else (0, 0)
    if kind == "BinaryOperation":
        found = _operator(source, _span(node["leftExpression"])[1], node, "rightExpression")
        if found:
            for replacement in _BINARY.get(node["operator"], []):
                yield "binary", *found, replacement
    elif kind == "Assignment" and node["operator"] in _ASSIGNMENT:
        found = _operator(source, _span(node["leftHandSide"])[1], node, "rightHandSide")
        if found:
            yield "assignment", *found, _ASSIGNMENT[node["operator"]]
    elif kind == "UnaryOperation":
        yield from _unary(node, start, end)
    elif kind == "Literal":
        yield from (("literal", *change) for change in _literal(node, start, end, source))
    elif kind == "ExpressionStatement":
        name = node["expression"]["nodeType"]
        if name in ("Assignment", "FunctionCall", "UnaryOperation"):
            callee = node["expression"].get("expression", {}).get("name", "")
            what = "require" if callee in ("require", "assert") else "statement"
            yield f"delete {what}", start, source.index(b";", end) + 1, "{}"
    elif kind in ("EmitStatement", "RevertStatement"):
        yield f"delete {kind[:-9].lower()}", start, source.index(b";", end) + 1, "{}"
    elif kind in ("IfStatement", "Conditional"):
        for value in ("true", "false"):
            yield "condition", *_span(node["condition"]), value
    elif kind == "Return" and node.get("expression"):
        for value in _other_values(node["expression"]):
            yield "return", *_span(node["expression"]), value
    elif kind == "ModifierInvocation" and node.get("kind") == "modifierInvocation":
        yield "delete modifier", start, end, ""
    elif kind == "YulFunctionCall" and node["functionName"]["name"] in _YUL:
        yield "yul", *_span(node["functionName"]), _YUL[node["functionName"]["name"]]
    elif kind == "YulLiteral" and node["kind"] == "number":
        yield "yul literal", start, end, f"{int(node['value'], 0) + 1}"


def _unary(node: Node, start: int, end: int) -> Iterator[tuple[str, int, int, str]]:
    operator = node["operator"]
    if operator in ("!", "-", "~"):
        yield "unary", start, start + 1, ""
    elif operator in ("++", "--"):
        other = "--" if operator == "++" else "++"
        begins = start if node["prefix"] else end - 2
        yield "unary", begins, begins + 2, other


def _literal(node: Node, start: int, end: int, source: bytes) -> Iterator[tuple[int, int, str]]:
    if node["kind"] == "bool":
        yield start, end, "false" if node["value"] == "true" else "true"
    elif node["kind"] == "number":
        # Without its unit (`1 days`).
        digits = re.match(rb"0x[0-9a-fA-F_]+|[0-9_]+(?![0-9.e])", source[start:end])
        is_address = node["typeDescriptions"].get("typeString") == "address"
        if digits and not is_address:
            number = int(digits.group().replace(b"_", b""), 0)
            for other in (number + 1, number - 1) if number else (1,):
                yield start, start + digits.end(), str(other)


def _other_values(expression: Node) -> list[str]:
    """What a function could wrongly return instead."""
    if expression["nodeType"] in ("Literal", "BinaryOperation", "Conditional"):
        return []
    name = expression["typeDescriptions"].get("typeString", "")
    if name == "bool":
        return ["true", "false"]
    return ["0"] if re.fullmatch(r"u?int\d+|bytes\d+", name) else []


def _operator(source: bytes, after: int, node: Node, right: str) -> tuple[int, int] | None:
    """Where the operator itself stands, between the operands; None inside a comment."""
    between = source[after : _span(node[right])[0]]
    operator = node["operator"].encode()
    index = between.find(operator)
    if index < 0 or b"//" in between or b"/*" in between:
        return None
    return after + index, after + index + len(operator)


def _span(node: Node) -> tuple[int, int]:
    start, length, _ = map(int, node["src"].split(":"))
    return start, start + length
