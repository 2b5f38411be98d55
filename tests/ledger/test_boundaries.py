"""Conventions that the kill tests rest on."""

import ast
from pathlib import Path

import florist.ledger
from florist.ledger.effects import CALLS, POINTS

FOLDER = Path(florist.ledger.__file__).parent
SPENDING = ["spender.py", "admission.py", "start_calls.py", "sending.py", "recovery.py"]
HARMLESS_OF_FLORA = {"server_now", "key_fingerprint", "has_history", "promise_scope", "workspace"}
HARMLESS_OF_LEDGER = {"store"}
WITHOUT_STEPS_OF_THEIR_OWN = {"entries", "claims"}


def attributes_used(tree: ast.AST, owner: str) -> set[str]:
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == owner
    }


def test_spending_path_reaches_store_and_flora_only_through_its_effects():
    for name in SPENDING:
        tree = ast.parse((FOLDER / name).read_text())
        assert attributes_used(tree, "_flora") <= HARMLESS_OF_FLORA, name
        assert attributes_used(tree, "_ledger") <= HARMLESS_OF_LEDGER, name
        assert attributes_used(tree, "store") <= {"location", "server_now"}, name


def test_every_effect_has_a_named_point_before_and_after_it():
    tree = ast.parse((FOLDER / "effects.py").read_text())
    effects = next(node for node in tree.body if isinstance(node, ast.ClassDef))
    methods = [node for node in effects.body if isinstance(node, ast.AsyncFunctionDef) and node.name != "_step"]
    for method in methods:
        if method.name in WITHOUT_STEPS_OF_THEIR_OWN:
            continue
        awaited = [node.value for node in ast.walk(method) if isinstance(node, ast.Await)]
        assert awaited, method.name
        assert {ast.unparse(call.func) for call in awaited if isinstance(call, ast.Call)} == {"self._step"}


def names_of_steps() -> set[str]:
    """Return what effects are called, those that write a record by what the record says."""
    found = set()
    for name in ["effects.py", *SPENDING]:
        for node in ast.walk(ast.parse((FOLDER / name).read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                texts = [each.value for each in node.args if isinstance(each, ast.Constant)]
                if node.func.attr == "_step":
                    found |= set(texts)
                if node.func.attr in {"append", "record"}:
                    found |= {f"record {text}" for text in texts}
    return found | {"record finished", "record archived"}


def test_every_point_is_known_by_name():
    assert names_of_steps() == set(CALLS)
    assert len(POINTS) == 2 * len(CALLS)
