"""What may be given for the inputs of a run, and what is refused before anything is sent."""

import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from florist import FloraClient, InputValue, InvalidInputsError, SignedUrl
from florist.api.assets import Asset
from florist.api.models import Output, Technique
from florist.client.inputs import InputSource, fitting_inputs
from tests.client.conftest import PACKSHOT

NOW = datetime(2026, 7, 1, tzinfo=UTC)
SIGNED = "https://media.flora.ai/a/b.png?signature=marker"
READY = {"asset_id": "asset_1", "status": "ready", "url": SIGNED}


def technique(**entry: object) -> Technique:
    return Technique.model_validate(
        {"technique_id": "tech_1", "name": "One", "inputs": [{"id": "it", "type": "imageUrl", **entry}]}
    )


async def fitted(value: InputSource, **entry: object):
    given = {} if value is None else {"it": value}
    return await fitting_inputs(technique(**entry), given, called="one", now=lambda: NOW, is_sandbox=False)


@pytest.mark.parametrize(
    ("value", "kind", "sent"),
    [
        ("a red barn", "text", "a red barn"),
        (Output(output_id="o", type="text", text="written"), "text", "written"),
        (str(PACKSHOT), "imageUrl", PACKSHOT),
        (PACKSHOT, "imageUrl", PACKSHOT),
        (PACKSHOT.read_bytes(), "imageUrl", PACKSHOT.read_bytes()),
        (SIGNED, "imageUrl", SignedUrl(SIGNED)),
        (SignedUrl(SIGNED), "imageUrl", SignedUrl(SIGNED)),
        (Asset.model_validate(READY), "imageUrl", SignedUrl(SIGNED)),
        (Output(output_id="o", type="imageUrl", url=SIGNED), "imageUrl", SignedUrl(SIGNED)),
        (InputValue(id="it", type="imageUrl", value=SIGNED), "imageUrl", SignedUrl(SIGNED)),
    ],
    ids=["text", "output-text", "path-str", "path", "bytes", "url", "signed", "asset", "output", "input-value"],
)
async def test_value_of_the_right_kind_is_taken(value, kind, sent):
    [one] = await fitted(value, type=kind)
    assert one.value == sent
    assert "marker" not in repr(one)


SHORT = f"{SIGNED}&Expires={int((NOW + timedelta(minutes=5)).timestamp())}"


@pytest.mark.parametrize(
    ("value", "entry", "told"),
    [
        (None, {}, "it is required: give it an image"),
        ("  ", {"type": "text"}, "it is required: give it text"),
        (PACKSHOT, {"type": "text"}, "path.read_text()"),
        (Asset.model_validate(READY), {"type": "text"}, "it takes text, not Asset"),
        (7, {}, "it takes an image, not int"),
        (PACKSHOT, {"type": "videoUrl"}, 'it takes a video, but "packshot.png" is image/png'),
        (PACKSHOT.read_bytes(), {"type": "videoUrl"}, "is image/png"),
        (SIGNED, {"type": "videoUrl"}, '"b.png" is image/png'),
        (Path("nowhere.png"), {}, "nowhere.png cannot be read"),
        (b"", {}, "is empty"),
        ("http://example.com/b.png", {}, "FLORA fetches https URLs alone"),
        ("data:image/png;base64,AAAA", {}, "FLORA fetches https URLs alone"),
        ("s3://bucket/key.png", {}, "FLORA fetches https URLs alone"),
        (SHORT, {}, "or not for long; read its run or its asset again"),
        (pickle.loads(pickle.dumps(SignedUrl(SIGNED))), {}, "does not open any more"),
        (Asset.model_validate({**READY, "status": "pending_upload"}), {}, "asset_1 is pending_upload"),
        (Output(output_id="film", type="videoUrl", url=SIGNED), {}, "the output film is a video"),
        (InputValue(id="it", type="text", value="x"), {}, "but is given as text"),
        ([PACKSHOT], {}, "it takes one value"),
        ([PACKSHOT], {"allow_multiple": True}, "start one run for each"),
        (None, {"type": "audioUrl"}, "cannot be run over the API"),
        ("x", {"type": "audioUrl", "optional": True}, "leave it out"),
        ("x", {"accepts_element": True}, "it takes a saved element, which the API cannot send"),
    ],
)
async def test_value_that_does_not_fit_is_refused_with_the_mend(value, entry, told):
    with pytest.raises(InvalidInputsError) as caught:
        await fitted(value, **entry)
    [problem] = caught.value.problems
    assert problem.field == "it"
    assert told in problem.message
    assert "marker" not in str(caught.value)


async def test_all_that_is_wrong_is_told_at_once_and_nothing_is_sent(flora: FloraClient, sandbox):
    before = sandbox.books()
    with pytest.raises(InvalidInputsError) as caught:
        await flora.run("styled-product-still", {"product_imag": PACKSHOT, "prompt": PACKSHOT})
    assert [problem.field for problem in caught.value.problems] == ["product_imag", "product_image", "prompt"]
    assert 'did you mean "product_image"?' in str(caught.value)
    after = sandbox.books()
    assert (after.total, after.requests_by_route.get("POST /assets")) == (
        before.total,
        before.requests_by_route.get("POST /assets"),
    )


async def test_input_value_given_twice_is_refused():
    twice = [InputValue(id="it", type="imageUrl", value=SIGNED)] * 2
    with pytest.raises(InvalidInputsError, match="is given twice"):
        await fitting_inputs(technique(), twice, called="one", now=lambda: NOW, is_sandbox=False)


async def test_optional_input_left_out_is_not_sent():
    assert await fitted(None, optional=True) == ()


async def test_output_and_asset_of_flora_s_feed_the_next_run(flora: FloraClient):
    asset = await flora.assets.upload(PACKSHOT)
    still = await flora.run("styled-product-still", {"product_image": asset.url})
    caption = await flora.run("caption-writer", {"image": still.outputs[0]})
    poster = await flora.run("key-visual", {"prompt": caption.outputs[0]})
    assert poster.outputs[0].url
