"""What the sandbox has on offer: techniques, models, actions, workspaces and projects, as plain data.

Names, prices and durations are invented, in the manner of FLORA's. Imports nothing that draws, so the
catalogue can be read where Pillow and PyAV are missing.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

MediaKind = Literal["imageUrl", "videoUrl", "audioUrl", "text", "documentUrl"]
SlotKind = Literal["image", "video", "text", "audio"]
ParamKind = Literal["string", "string[]", "bool", "int", "int?", "seed", "float", "dict"]


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """An input or an output of a technique.

    `allow_multiple` means one run per value; `accepts_element` that only an element's id fits, which the
    nested route cannot send.
    """

    id: str
    name: str
    type: MediaKind
    description: str = ""
    optional: bool = False
    allow_multiple: bool = False
    accepts_element: bool = False


@dataclass(frozen=True, slots=True)
class PermanentFailure:
    """Every run fails, with this run-level code."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class TransientFailure:
    """The first `times` runs of the same inputs fail with this run-level code; the next one works."""

    code: str
    message: str
    times: int


@dataclass(frozen=True, slots=True)
class TechniqueDefinition:
    """A technique, the recipe of `sandbox.media` that makes its outputs, and how long a run nominally takes."""

    technique_id: str
    slug: str
    name: str
    description: str
    run_cost: Decimal
    inputs: tuple[FieldDefinition, ...]
    outputs: tuple[FieldDefinition, ...]
    recipe: str
    seconds: float
    failure: PermanentFailure | TransientFailure | None = None


@dataclass(frozen=True, slots=True)
class ModelParam:
    """A parameter of a generation, reaching the recipe as a text input of the same name."""

    name: str
    type: ParamKind
    required: bool = False
    label: str = ""
    description: str = ""
    default: str | int | None = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelDefinition:
    """A model; its recipe takes the prompt as the input `prompt`."""

    model_id: str
    name: str
    type: Literal["image", "video", "audio", "text"]
    provider: str
    capabilities: tuple[str, ...]
    estimated_credits: int
    estimated_seconds: float
    run_cost: Decimal
    recipe: str
    params: tuple[ModelParam, ...] = ()
    beta: bool = False


@dataclass(frozen=True, slots=True)
class ActionSlot:
    """An input or an output of an action; `multiple` takes any number of them, at least one."""

    name: str
    type: SlotKind
    multiple: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ActionParam:
    """A setting of an action; a point's default has `x` and `y`."""

    key: str
    type: Literal["text", "number", "select", "color", "boolean", "point"]
    label: str
    default_value: str | int | float | bool | dict[str, float] | None = None
    available_values: tuple[str, ...] = ()
    min_number_value: float | None = None
    max_number_value: float | None = None


@dataclass(frozen=True, slots=True)
class ActionDefinition:
    """A prebuilt edit, performed by `sandbox.media.perform` under the same id."""

    action_id: str
    name: str
    description: str
    charged_cost: Decimal
    language: Literal["javascript", "python"]
    inputs: tuple[ActionSlot, ...]
    outputs: tuple[ActionSlot, ...]
    seconds: float
    params: tuple[ActionParam, ...] = ()


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace of the sandbox's user; `created_at` in milliseconds."""

    workspace_id: str
    name: str
    role: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Project:
    """A project of a workspace; moments in milliseconds."""

    project_id: str
    workspace_id: str
    name: str
    created_at: int
    last_modified: int | None = None
    origin: str | None = None


_PROMPT = FieldDefinition("prompt", "Prompt", "text", "What the picture should show")
_PRODUCT = FieldDefinition(
    "product_image", "Product image", "imageUrl", "A packshot on a plain backdrop works best"
)

TECHNIQUES: tuple[TechniqueDefinition, ...] = (
    TechniqueDefinition(
        "tech_keyvisual01",
        "key-visual",
        "Key Visual",
        "Paints a scene from a prompt, ready to carry a campaign.",
        run_cost=Decimal("0.08"),
        inputs=(_PROMPT,),
        outputs=(FieldDefinition("image", "Key visual", "imageUrl"),),
        recipe="scene-still",
        seconds=9,
    ),
    TechniqueDefinition(
        "tech_styledstill1",
        "styled-product-still",
        "Styled Product Still",
        "Lifts a product off its plain backdrop and sets it into a scene from your prompt.",
        run_cost=Decimal("0.12"),
        inputs=(
            _PRODUCT,
            FieldDefinition("prompt", "Scene", "text", "The scene around the product", optional=True),
        ),
        outputs=(FieldDefinition("still", "Styled still", "imageUrl"),),
        recipe="styled-still",
        seconds=12,
    ),
    TechniqueDefinition(
        "tech_inscene0001",
        "product-in-scene",
        "Product in Scene",
        "Sets the product of one picture into another.",
        run_cost=Decimal("0.15"),
        inputs=(
            _PRODUCT,
            FieldDefinition("scene_image", "Scene image", "imageUrl", "Where the product should stand"),
        ),
        outputs=(FieldDefinition("image", "Composite", "imageUrl"),),
        recipe="product-in-scene",
        seconds=14,
    ),
    TechniqueDefinition(
        "tech_variations1",
        "packshot-variations",
        "Packshot Variations",
        "Three settings for one product: marble, golden hour, garden.",
        run_cost=Decimal("0.30"),
        inputs=(_PRODUCT,),
        outputs=(
            FieldDefinition("variation_1", "Marble", "imageUrl"),
            FieldDefinition("variation_2", "Golden hour", "imageUrl"),
            FieldDefinition("variation_3", "Garden", "imageUrl"),
        ),
        recipe="variations",
        seconds=20,
    ),
    TechniqueDefinition(
        "tech_caption0001",
        "caption-writer",
        "Caption Writer",
        "Looks at a picture and says what it sees, in the tone you ask for.",
        run_cost=Decimal("0.02"),
        inputs=(
            FieldDefinition("image", "Image", "imageUrl"),
            FieldDefinition("tone", "Tone", "text", "playful, luxury, minimal or technical", optional=True),
        ),
        outputs=(FieldDefinition("caption", "Caption", "text"),),
        recipe="caption",
        seconds=4,
    ),
    TechniqueDefinition(
        "tech_headlines01",
        "headline-writer",
        "Headline Writer",
        "Five headlines from one brief.",
        run_cost=Decimal("0.01"),
        inputs=(FieldDefinition("brief", "Brief", "text"),),
        outputs=(FieldDefinition("headlines", "Headlines", "text"),),
        recipe="headlines",
        seconds=3,
    ),
    TechniqueDefinition(
        "tech_critique001",
        "art-directors-critique",
        "Art Director's Critique",
        "Reads a concept the way a demanding art director would.",
        run_cost=Decimal("0.02"),
        inputs=(FieldDefinition("id", "Concept", "text", "The concept in your own words"),),
        outputs=(FieldDefinition("critique", "Critique", "text"),),
        recipe="critique",
        seconds=5,
    ),
    TechniqueDefinition(
        "tech_film0000001",
        "product-film",
        "Product Film",
        "A short film that moves slowly into a still.",
        run_cost=Decimal("0.45"),
        inputs=(
            FieldDefinition("image", "Still", "imageUrl", "The first frame"),
            FieldDefinition("prompt", "Direction", "text", "Where to move: left, right, up, down", optional=True),
        ),
        outputs=(FieldDefinition("film", "Film", "videoUrl"),),
        recipe="film-from-still",
        seconds=30,
    ),
    TechniqueDefinition(
        "tech_boomerang01",
        "boomerang-loop",
        "Boomerang Loop",
        "Plays a film forwards, then backwards.",
        run_cost=Decimal("0.10"),
        inputs=(FieldDefinition("video", "Video", "videoUrl"),),
        outputs=(FieldDefinition("video", "Loop", "videoUrl"),),
        recipe="boomerang",
        seconds=10,
    ),
    TechniqueDefinition(
        "tech_poster00001",
        "poster-frame",
        "Poster Frame",
        "Picks the frame of a film to put on its cover.",
        run_cost=Decimal("0.03"),
        inputs=(FieldDefinition("video", "Video", "videoUrl"),),
        outputs=(FieldDefinition("poster", "Poster", "imageUrl"),),
        recipe="poster-frame",
        seconds=4,
    ),
    TechniqueDefinition(
        "tech_lookbook001",
        "look-book-page",
        "Look Book Page",
        "A page with your picture, a title and a caption, as a PDF.",
        run_cost=Decimal("0.05"),
        inputs=(
            FieldDefinition("image", "Image", "imageUrl"),
            FieldDefinition("title", "Title", "text", optional=True),
        ),
        outputs=(FieldDefinition("document", "Page", "documentUrl"),),
        recipe="look-book-page",
        seconds=6,
    ),
    TechniqueDefinition(
        "tech_soniclogo01",
        "sonic-logo",
        "Sonic Logo",
        "Plays a name as a short tune of bells.",
        run_cost=Decimal("0.06"),
        inputs=(FieldDefinition("text", "Name or line", "text"),),
        outputs=(FieldDefinition("audio", "Tune", "audioUrl"),),
        recipe="sonic-logo",
        seconds=8,
    ),
    TechniqueDefinition(
        "tech_cctv0000001",
        "cctv-cam",
        "CCTV Cam",
        "Your picture as a surveillance camera would have caught it.",
        run_cost=Decimal("0.08"),
        inputs=(FieldDefinition("input_image", "Input image", "imageUrl"),),
        outputs=(FieldDefinition("image", "Footage", "imageUrl"),),
        recipe="cctv",
        seconds=9,
    ),
    TechniqueDefinition(
        "tech_squarecrop1",
        "square-crop",
        "Square Crop",
        "Cuts each picture to a square for social channels: one run per picture.",
        run_cost=Decimal("0.01"),
        inputs=(FieldDefinition("image", "Images", "imageUrl", allow_multiple=True),),
        outputs=(FieldDefinition("square", "Square", "imageUrl"),),
        recipe="square-crop",
        seconds=3,
    ),
    TechniqueDefinition(
        "tech_upscale0001",
        "double-upscale",
        "Double Upscale",
        "Doubles a picture's sides. Its provider is moody: the first two runs of the same inputs fail.",
        run_cost=Decimal("0.09"),
        inputs=(FieldDefinition("image", "Image", "imageUrl"),),
        outputs=(FieldDefinition("image", "Upscaled image", "imageUrl"),),
        recipe="upscale",
        seconds=10,
        failure=TransientFailure("provider_error", "The provider failed to complete the generation.", times=2),
    ),
    TechniqueDefinition(
        "tech_lookalike01",
        "celebrity-lookalike",
        "Celebrity Lookalike",
        "Always refused, as such a request would be.",
        run_cost=Decimal("0.08"),
        inputs=(_PROMPT,),
        outputs=(FieldDefinition("image", "Portrait", "imageUrl"),),
        recipe="scene-still",
        seconds=5,
        failure=PermanentFailure("safety_blocked", "The request was blocked by the safety system."),
    ),
    TechniqueDefinition(
        "tech_voiceclean1",
        "voice-cleaner",
        "Voice Cleaner",
        "Brings a recording to one channel and full loudness. Needs a recording, so it runs in the app alone.",
        run_cost=Decimal("0.07"),
        inputs=(FieldDefinition("voice", "Recording", "audioUrl"),),
        outputs=(FieldDefinition("audio", "Cleaned recording", "audioUrl"),),
        recipe="cleaned-voice",
        seconds=12,
    ),
    TechniqueDefinition(
        "tech_elportrait1",
        "element-portrait",
        "Element Portrait",
        "Hangs one of your elements in a studio. Needs an element, so it runs in the app alone.",
        run_cost=Decimal("0.11"),
        inputs=(
            FieldDefinition(
                "element", "Element", "imageUrl", "One of the workspace's elements", accepts_element=True
            ),
        ),
        outputs=(FieldDefinition("portrait", "Portrait", "imageUrl"),),
        recipe="portrait",
        seconds=11,
    ),
)

_SEED = ModelParam("seed", "seed", label="Seed", description="The same seed gives the same result")
_RATIO = ModelParam(
    "aspect_ratio", "string", label="Aspect ratio", default="1:1", options=("1:1", "4:3", "3:4", "16:9", "9:16")
)

MODELS: tuple[ModelDefinition, ...] = (
    ModelDefinition(
        "t2i-flux-2-pro",
        "Flux 2 Pro (sandbox)",
        "image",
        provider="sandbox",
        capabilities=("text-to-image",),
        estimated_credits=8,
        estimated_seconds=9,
        run_cost=Decimal("0.08"),
        recipe="scene-still",
        params=(_RATIO, _SEED),
    ),
    ModelDefinition(
        "t2v-dolly-1",
        "Dolly 1 (sandbox)",
        "video",
        provider="sandbox",
        capabilities=("text-to-video",),
        estimated_credits=40,
        estimated_seconds=28,
        run_cost=Decimal("0.40"),
        recipe="film-from-prompt",
        params=(_SEED,),
    ),
    ModelDefinition(
        "t2a-carillon-1",
        "Carillon 1 (sandbox)",
        "audio",
        provider="sandbox",
        capabilities=("text-to-audio",),
        estimated_credits=6,
        estimated_seconds=8,
        run_cost=Decimal("0.06"),
        recipe="tune-from-prompt",
        params=(_SEED,),
        beta=True,
    ),
    ModelDefinition(
        "t2t-quill-1",
        "Quill 1 (sandbox)",
        "text",
        provider="sandbox",
        capabilities=("text-to-text",),
        estimated_credits=1,
        estimated_seconds=3,
        run_cost=Decimal("0.01"),
        recipe="headlines-from-prompt",
        params=(_SEED,),
    ),
)

ACTIONS: tuple[ActionDefinition, ...] = (
    ActionDefinition(
        "resize-image-browser",
        "Resize Image",
        "Scales a picture to a size, by a share, or to its longest side.",
        charged_cost=Decimal("0"),
        language="javascript",
        inputs=(ActionSlot("image", "image"),),
        outputs=(ActionSlot("image", "image"),),
        seconds=2,
        params=(
            ActionParam(
                "mode",
                "select",
                "Resize by",
                default_value="longest",
                available_values=("longest", "exact", "percent"),
            ),
            ActionParam(
                "width", "number", "Width (px)", default_value=None, min_number_value=1, max_number_value=4096
            ),
            ActionParam(
                "height", "number", "Height (px)", default_value=None, min_number_value=1, max_number_value=4096
            ),
            ActionParam(
                "percent", "number", "Scale (%)", default_value=100, min_number_value=1, max_number_value=400
            ),
            ActionParam(
                "longest",
                "number",
                "Longest Side (px)",
                default_value=1024,
                min_number_value=1,
                max_number_value=4096,
            ),
            ActionParam(
                "fit", "select", "Fit", default_value="contain", available_values=("contain", "cover", "stretch")
            ),
            ActionParam("bg_color", "color", "Letterbox Color", default_value="#000000"),
        ),
    ),
    ActionDefinition(
        "add-text-to-image-browser",
        "Add Text to Image",
        "Sets a text on a picture.",
        charged_cost=Decimal("0"),
        language="javascript",
        inputs=(ActionSlot("image", "image"),),
        outputs=(ActionSlot("image", "image"),),
        seconds=2,
        params=(
            ActionParam("text", "text", "Text", default_value="Text"),
            ActionParam(
                "font_size",
                "number",
                "Font Size (px)",
                default_value=64,
                min_number_value=4,
                max_number_value=1024,
            ),
            ActionParam("color", "color", "Text Color", default_value="#ffffff"),
            ActionParam(
                "opacity", "number", "Opacity", default_value=100, min_number_value=0, max_number_value=100
            ),
            ActionParam("center", "point", "Center", default_value={"x": 0.5, "y": 0.5}),
            ActionParam(
                "max_width",
                "number",
                "Max Width (px)",
                default_value=None,
                min_number_value=1,
                max_number_value=4096,
            ),
            ActionParam("show_background", "boolean", "Include Background", default_value=False),
            ActionParam("background", "color", "Background Color", default_value="#000000"),
        ),
    ),
    ActionDefinition(
        "stitch-videos",
        "Stitch Videos",
        "Joins films one after the other, in the size and at the rate of the first, without sound.",
        charged_cost=Decimal("0.02"),
        language="python",
        inputs=(ActionSlot("videos", "video", multiple=True),),
        outputs=(ActionSlot("video", "video"),),
        seconds=6,
        params=(
            ActionParam(
                "fit_mode", "select", "Fit Mode", default_value="contain", available_values=("contain", "cover")
            ),
            ActionParam("background_color", "color", "Background Color", default_value="#000000"),
        ),
    ),
)

WORKSPACES: tuple[Workspace, ...] = (
    Workspace("ws_florist0001", "Florist Studio", role="owner", created_at=1_767_225_600_000),
    Workspace("ws_nursery0002", "Nursery", role="member", created_at=1_769_904_000_000),
)

PROJECTS: tuple[Project, ...] = (
    Project(
        "prj_launch00001",
        "ws_florist0001",
        "Spring launch",
        created_at=1_767_312_000_000,
        last_modified=1_769_990_400_000,
    ),
    Project("prj_nursery0002", "ws_nursery0002", "Experiments", created_at=1_769_990_400_000),
)
