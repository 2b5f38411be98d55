"""Names for delivery: templates such as `{sku}_{tone}_{step}_v{variation}.{ext}`, read and filled in."""

import re
import string
from collections.abc import Mapping
from functools import cached_property

from florist.frozen import FrozenModel
from florist.pipelines.errors import TemplateError
from florist.wording import quoted

_FIELD = re.compile(r"[a-z][a-z0-9_-]{0,63}", re.IGNORECASE)
_EMPTY = "\0"
_AROUND_EMPTY = re.compile(rf"(?:^|(?<=/)){_EMPTY}[-_ ]?|[-_ ]?{_EMPTY}")


class DeliveryNames(FrozenModel):
    """A template of names; slashes in it make folders. Make one by `parse_delivery_names`."""

    template: str

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The fields it names, each once."""
        named = (name for _, name, _, _ in string.Formatter().parse(self.template) if name is not None)
        return tuple(dict.fromkeys(named))

    def filled(self, values: Mapping[str, str]) -> str:
        """Return the name; an empty value takes the separator beside it away: `sku__still` becomes `sku_still`."""
        text = self.template.format_map({name: values[name] or _EMPTY for name in self.fields})
        return _AROUND_EMPTY.sub("", text)


def parse_delivery_names(text: str) -> DeliveryNames:
    """Read a template.

    Raises:
        TemplateError: it is malformed, or leads out of the folder; `error.messages` tells of each mistake.
    """
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        raise TemplateError(
            [f"{quoted(text)} is no template of names: {error}; write {{row}}_{{step}}.{{ext}}"]
        ) from None
    messages = [
        f"{quoted(f'{{{name}}}')} is no field; write a name alone, such as {{step}}"
        for _, name, form, conversion in parts
        if name is not None and (not _FIELD.fullmatch(name) or form or conversion)
    ]
    if any(part in ("", ".", "..") for part in text.split("/")) or "\\" in text or not text.isprintable():
        messages.append(f"{quoted(text)} is no name below a folder: no / at its ends, no .. and no \\ in it")
    if messages:
        raise TemplateError(messages)
    return DeliveryNames(template=text)
