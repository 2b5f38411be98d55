"""Another take over HTTP: the price that is shown is what is agreed to, and nothing is paid before a run."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import httpx
import pytest

from florist.campaigns.picks.keys import TAKES, record_key
from florist.campaigns.picks.takes import TakeRecord, read_takes
from florist.gallery import CellState, read_sheet
from tests.serving.world import Served, Shop, served

TAKES_AT = "/campaigns/spring/takes"


def asked(row: str = "sku-1", cell: str = "still", **more: object) -> dict[str, object]:
    return {"row": row, "cell": cell, "more": 1, **more}


def agreed(client: httpx.Client, body: dict[str, object]) -> dict[str, object]:
    """Return the order of what a server has just offered."""
    offer = client.post(TAKES_AT, json=body).json()
    return {**body, "confirm_usd": offer["price_usd"], "cells": offer["cells"]}


def states(shop: Shop) -> dict[str, CellState]:
    sheet = asyncio.run(read_sheet(shop.store, "spring"))
    return {cell.cell: cell.state for row in sheet.rows for cell in row.cells}


def first_record(shop: Shop) -> TakeRecord:
    content = asyncio.run(shop.store.read(record_key(TAKES, "spring", "sku-1", 0)))
    return TakeRecord.model_validate_json(content or b"")


def test_offer_says_names_and_price_and_writes_nothing(counter: Served, shop: Shop):
    before = sorted(path for path in shop.store.path.rglob("*") if "snapshots" not in str(path))
    answer = counter.ada.post(TAKES_AT, json=asked(more=2))
    told = answer.json()
    assert (answer.status_code, told["cells"], told["ordered"]) == (200, ["still@v2", "still@v3"], False)
    one = counter.ada.post(TAKES_AT, json=asked()).json()["price_usd"]
    assert Decimal(told["price_usd"]) == 2 * Decimal(one) > 0
    assert sorted(path for path in shop.store.path.rglob("*") if "snapshots" not in str(path)) == before


def test_order_is_made_once_and_charged_once_by_whoever_goes_on(counter: Served, shop: Shop):
    before = shop.runs_charged
    body = asked(params={"prompt": "a white barn"})
    told = counter.bob.post(TAKES_AT, json=agreed(counter.bob, body)).json()
    assert (told["ordered"], told["cells"]) == (True, ["still@v2"])
    assert (shop.runs_charged, states(shop)["still@v2"]) == (before, CellState.ORDERED)
    shop.go_on()
    shop.go_on()
    assert (shop.runs_charged, states(shop)["still@v2"]) == (before + 1, CellState.KEPT)
    written = first_record(shop)
    assert (written.by, written.takes[0].inputs) == ("Bob", {"prompt": "a white barn"})


def test_more_of_a_take_is_more_of_what_was_asked_for_then(counter: Served, shop: Shop):
    first = agreed(counter.ada, asked(params={"prompt": "a green door"}))
    counter.ada.post(TAKES_AT, json=first)
    [cell] = first["cells"]
    counter.ada.post(TAKES_AT, json=agreed(counter.ada, asked(cell=cell)))
    takes = asyncio.run(read_takes(shop.store, "spring"))["sku-1"].takes
    assert [take.inputs for take in takes][-2:] == [{"prompt": "a green door"}] * 2


@pytest.mark.parametrize("change", [{"confirm_usd": "0.01"}, {"more": 2}])
def test_order_at_another_price_is_refused_with_the_price_and_orders_nothing(counter, shop, change):
    before = states(shop)
    order = agreed(counter.ada, asked())
    answer = counter.ada.post(TAKES_AT, json={**order, **change})
    told = answer.json()
    assert (answer.status_code, told["ordered"], bool(told["problem"])) == (409, False, True)
    price = counter.ada.post(TAKES_AT, json=asked(more=change.get("more", 1))).json()["price_usd"]
    assert (told["price_usd"], states(shop)) == (price, before)


def test_order_that_is_sent_twice_at_once_is_one(counter: Served, shop: Shop):
    before = set(states(shop))
    order = agreed(counter.ada, asked())
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda who: who.post(TAKES_AT, json=order), (counter.ada, counter.bob)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert set(states(shop)) - before == set(order["cells"])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (asked(cell="stil"), 'did you mean "still"'),
        (asked(row="sku-9"), "no row"),
        (asked(more=0), "more"),
        (asked(params={"promt": "x"}), 'did you mean "prompt"'),
        (asked(prompt="x"), "prompt"),
        (asked(confirm_usd="NaN"), "confirm_usd"),
        ([], "body"),
    ],
)
def test_take_that_cannot_be_is_refused_with_what_is_wrong(counter: Served, body, words):
    answer = counter.ada.post(TAKES_AT, json=body)
    assert (answer.status_code, words in answer.json()["problem"]) == (422, True), answer.text


def test_server_without_a_key_says_which_command_does_it(shop: Shop):
    with served(shop.store) as server:
        answer = server.ada.post(TAKES_AT, json=asked(more=2, params={"prompt": "it's white"}))
    assert answer.status_code == 422
    text = """'prompt=it'"'"'s white'"""
    command = f"florist take spring sku-1 still --more 2 --param {text} --archive {shop.store.location}"
    assert answer.json()["command"] == command


def test_order_of_a_page_of_another_site_is_refused(counter: Served):
    assert counter.ada.post(TAKES_AT, json=asked(), headers={"origin": "https://evil.example"}).status_code == 403
    assert counter.nobody.post(TAKES_AT, json=asked()).status_code == 401
