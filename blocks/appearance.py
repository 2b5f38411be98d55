"""What Prefect's UI shows beside every block of ours. Prefect takes logos by http(s) address alone."""

from pydantic import HttpUrl

DOCUMENTATION_URL = HttpUrl("https://developer.flora.ai")
# FLORA's account picture where its SDK is published: square, and kept by its owner.
FLORA_LOGO_URL = HttpUrl("https://github.com/florafauna-ai.png?size=250")
# The pictures Prefect's own collections show for the same things, so that people recognise them.
S3_LOGO_URL = HttpUrl(
    "https://cdn.sanity.io/images/3ugk85nk/production/d74b16fe84ce626345adf235a47008fea2869a60-225x225.png"
)
FOLDER_LOGO_URL = HttpUrl(
    "https://cdn.sanity.io/images/3ugk85nk/production/ad39089fa66d273b943394a68f003f7a19aa850e-48x48.png"
)
