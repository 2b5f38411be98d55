"""What clients trust."""

import certifi

from florist.api.tls import trusted


def test_tls_context_is_made_once_and_anew_when_the_environment_names_other_authorities(monkeypatch):
    first = trusted()
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
    assert trusted() is trusted()
    assert trusted() is not first
    assert trusted(trust_env=False) is trusted(trust_env=False)
