"""The file of --cluster: what it names, and every fault of it at once."""

import pytest

from orchestrator.actions.access import authority
from orchestrator.errors import BadInput
from orchestrator.settings import hosts

BOTH = ("pytorch", "tensorflow")
SOUND = """
[hosts.first]
pytorch = "first:1"
tensorflow = "first:2"

[hosts.second]
pytorch = "second:1"
tensorflow = "second:2"
jax = "second:3"
"""


def read(folder, text, runners=BOTH):
    file = folder / "hosts.toml"
    file.write_text(text)
    return hosts.read(file, runners)


def test_machines_have_names_and_addresses(tmp_path):
    first, second = read(tmp_path, SOUND)
    assert (first.name, second.name) == ("first", "second")
    assert first.addresses == {"pytorch": "first:1", "tensorflow": "first:2"}
    assert second.addresses["jax"] == "second:3"
    assert not first.places.trust


def test_a_version_of_a_framework_has_an_address_of_its_own(tmp_path):
    text = '[hosts.a]\n"pytorch-2.13.0" = "a:1"\npytorch = "a:2"'
    (found,) = read(tmp_path, text, ["pytorch-2.13.0", "pytorch"])
    assert found.addresses == {"pytorch-2.13.0": "a:1", "pytorch": "a:2"}


def test_tls_is_of_all_hosts_or_of_one_relative_to_the_file(tmp_path):
    for name in ("common", "own"):
        authority.new(tmp_path / name, ["first"], "me", 1)
        (tmp_path / name / "token").write_text(name)
        (tmp_path / name / "token").chmod(0o600)
    text = 'tls = "common"\n' + SOUND.replace("jax", 'tls = "own"\njax')
    first, second = read(tmp_path, text)
    assert {t.token for t in first.places.trust.values()} == {"common"}
    assert {t.token for t in second.places.trust.values()} == {"own"}
    assert second.places.trust.keys() == {"pytorch", "tensorflow", "jax"}


def test_every_fault_is_named_at_once(tmp_path):
    text = """
tsl = "x"
tls = 5
[hosts."two words"]
pytorch = "a:1"
[hosts.b]
pytorch = "a:1"
tensorflow = "no port"
pytroch = "c:1"
token = "secret"
tls = "missing"
[hosts]
c = "c:1"
"""
    with pytest.raises(BadInput) as refused:
        read(tmp_path, text)
    for part in (
        "the file: there is no 'tsl'",
        "the file: tls is 5",
        "[hosts.two words]: a name has",
        "[hosts.two words]: there is no address of tensorflow",
        "a:1 is given for [hosts.two words] pytorch, [hosts.b] pytorch",
        "[hosts.b]: tensorflow is 'no port'",
        "[hosts.b]: there is no 'pytroch'",
        "[hosts.b]: a token does not belong here",
        "missing has no ca.pem",
        "hosts.c is 'c:1'",
    ):
        assert part in refused.value.message, part
    assert "secret" not in refused.value.message


@pytest.mark.parametrize("text", ["", "[hosts]", "hosts = 1", "[", "\0"])
def test_a_file_without_machines_is_refused(tmp_path, text):
    with pytest.raises(BadInput, match="--cluster"):
        read(tmp_path, text)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"none\.toml"):
        hosts.read(tmp_path / "none.toml", BOTH)
