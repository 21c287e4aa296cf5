"""The file of a certificate: written, read back, and refused where it is damaged."""

import json

import numpy as np
import pytest

from orchestrator.certificate import certificate_file
from orchestrator.certificate.certificates import Certificates, none_made
from orchestrator.errors import RunUnreadable
from orchestrator.language.phrases import Phrase, english
from tests.builders.events import losses
from tests.builders.proofs import (
    NAMES,
    certified,
    evidence,
    made,
    rounded,
)


def test_a_certificate_comes_back_from_json_as_it_was():
    values = np.array(losses(2)) * (1 + 1e-7)
    broken = made(second=evidence("tensorflow", step_losses=[np.inf, *values[1:]]))
    for made_of in (broken, made(), rounded(1e-15), rounded(1e-7, precision="FLOAT32", own=1e-7)):
        found = certificate_file.as_dict(Certificates([made_of]))
        again = certificate_file.read(json.loads(json.dumps(found)), "a test")
        assert certificate_file.as_dict(again) == found
        assert again.sentence == made_of.sentence
    assert found["schema"] == "twinrun.certificate/2"


def test_that_no_certificate_could_be_made_is_no_certificate():
    unmade = none_made(english(Phrase("the runner is gone.")), *NAMES)
    found = certificate_file.as_dict(Certificates([unmade]))
    assert found["same_job"] is False
    assert found["sentence"].endswith("no certificate could be made: the runner is gone.")
    read = certificate_file.read(json.loads(json.dumps(found)), "a test")
    assert read == Certificates([unmade])
    assert read.of_pair(*NAMES) == unmade


def test_an_older_certificate_that_could_not_be_made_is_that_of_the_only_two_sides():
    kept = {"schema": "twinrun.certificate/1", "same_job": False, "sentence": "Not shown."}
    read = certificate_file.read(kept, "a test")
    assert (read.same_job, read.sentence, read.made) == (False, "Not shown.", [])
    assert read.of_pair(*NAMES) == read.pairs[0]


@pytest.mark.parametrize(
    "change",
    [{"steps": None, "job": 5}, {"inputs": 3}, {"weights": []}, {"job": {"layers": [{"new": {}}]}}],
)
def test_a_certificate_that_cannot_be_read_is_one_sentence_that_names_the_file(change):
    kept = {**json.loads(json.dumps(certificate_file.as_dict(certified()))), **change}
    with pytest.raises(RunUnreadable, match=r"^certificate\.json.* .*\.$"):
        certificate_file.read(kept, "certificate.json")
