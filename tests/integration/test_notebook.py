"""``import orchestrator`` in the kernel of a real Jupyter notebook, against runners on fakes.

The kernel is ipykernel, driven by jupyter_client, which comes with it: what a cell shows, and what
an interrupt does, are the kernel's doing, and IPython's formatters alone would not tell.
"""

import base64
import os
import re
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

import pytest
from twinrun.contract.enums import JobState

from orchestrator.storage import shelf
from tests.waiting import HANG_SECONDS, eventually

jupyter = pytest.importorskip("jupyter_client.manager")
pytest.importorskip("ipykernel")
SMALL = "workload='synthetic-mlp', threads=1, train_limit=1000, batch_size=100"


@dataclass
class Cell:
    """What a cell left: text, the representations of its result, the error that ended it.

    ``updates``: what it showed in place of something, one after the other, as HTML.
    """

    text: str = ""
    updates: list[str] = field(default_factory=list)
    shown: dict[str, str] = field(default_factory=dict)
    error: tuple[str, str] | None = None


class Notebook:
    """A kernel in a directory of its own."""

    def __init__(self, home):
        self.home = home
        folders = ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CACHE_HOME")
        env = {**os.environ, **{name: str(home / name.lower()) for name in folders}}
        self.manager, self.client = jupyter.start_new_kernel(
            HANG_SECONDS, kernel_name="python3", cwd=str(home), env=env
        )

    def run(self, code, meanwhile=lambda: None):
        cell = Cell()
        asked = self.client.execute(code)
        meanwhile()
        while True:
            message = self.client.get_iopub_msg(timeout=HANG_SECONDS)
            if message["parent_header"].get("msg_id") != asked:
                continue
            content = message["content"]
            match message["msg_type"]:
                case "stream":
                    cell.text += content["text"]
                case "execute_result" | "display_data":
                    cell.shown = content["data"]
                case "update_display_data":
                    cell.updates.append(content["data"]["text/html"])
                case "error":
                    cell.error = (content["ename"], content["evalue"])
                case "status" if content["execution_state"] == "idle":
                    return cell

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def notebook(tmp_path):
    opened = Notebook(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def two(start):
    """Addresses of a runner for each framework, as arguments."""

    def two(fake="good", tensorflow=None):
        addresses = {
            "pytorch": start(fake, name="p").address,
            "tensorflow": start(tensorflow or fake, framework="tensorflow", name="t").address,
        }
        return ", ".join(f"{name}={address!r}" for name, address in addresses.items())

    return two


def test_a_result_shows_itself_with_all_that_it_needs_and_says_nothing_else(notebook, two):
    cell = notebook.run(
        f"import orchestrator\nresult = orchestrator.compare({SMALL}, {two()})\nresult"
    )
    assert cell.error is None
    assert cell.text == ""
    assert re.fullmatch(r"<Result \S+-synthetic-mlp: .+>", cell.shown["text/plain"], re.DOTALL)
    html = cell.shown["text/html"]
    finding = notebook.run("print(result.finding)").text.strip()
    assert f"<strong>{finding}</strong>" in html
    assert "All trials had the same job spec, data, initial weights and batch order." in html
    assert "<code>FEW_PAIRS</code>" in html
    assert not re.findall(r"(?:src|href)=\"(?!data:)", html)
    assert "<script" not in html
    (data,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    assert ET.fromstring(base64.b64decode(data)).tag.endswith("svg")


def test_a_result_gives_tables_figures_and_what_is_kept(notebook, two):
    notebook.run(f"import orchestrator\nresult = orchestrator.compare({SMALL}, {two()})")
    kept = shelf.find("latest", notebook.home / "runs")
    cell = notebook.run("result.to_frame()")
    assert "train_seconds" in cell.shown["text/html"]
    lengths = "[len(result.to_frame(name)) for name in ('epochs', 'steps', 'trials')]"
    assert notebook.run(f"print({lengths})").text == "[8, 80, 2]\n"
    assert notebook.run("result.figure('loss')").shown["image/svg+xml"].startswith("<?xml")
    same = "print(result.to_dict() == json.loads((result.path / 'comparison.json').read_text()))"
    assert notebook.run(f"import json\n{same}").text == "True\n"
    assert notebook.run("print(result.verdict.pairs, result.certificate)").text.startswith("1 {")
    loaded = "print(orchestrator.load().to_dict() == result.to_dict())"
    assert notebook.run(loaded).text == "True\n"
    assert notebook.run("[run.name for run in orchestrator.runs()]").shown["text/plain"] == repr(
        [kept.path.name]
    )


def test_progress_is_shown_in_place_and_gone_at_the_end(notebook, two):
    given = f"import orchestrator\norchestrator.compare({SMALL}, {two()}, progress=True);"
    cell = notebook.run(given)
    assert cell.text == ""
    assert any("epoch 2: trained in" in html for html in cell.updates)
    assert any('<progress value="' in html for html in cell.updates)
    assert cell.updates[-1] == ""


def test_progress_is_given_to_a_function(notebook, two):
    given = f"import orchestrator\norchestrator.compare({SMALL}, {two()}, progress=print);"
    assert "PyTorch: epoch 2: trained in" in notebook.run(given).text


def test_functions_do_what_the_commands_do_and_show_it(notebook, two):
    where = two()
    notebook.run(f"import orchestrator\ngiven = dict({SMALL}, {where})")
    proof = notebook.run("proof = orchestrator.verify(**given)\nproof")
    assert proof.error is None
    assert "The same job" in proof.shown["text/html"]
    assert notebook.run("print(proof.to_dict()['same_job'])").text == "True\n"
    shown = notebook.run("orchestrator.explain(pitfall='initial-values', **given)")
    assert shown.error is None
    assert "Own initial values" in shown.shown["text/html"]
    both = notebook.run("both = orchestrator.compare(recipe='both', **given)\nboth")
    assert both.error is None
    assert notebook.run("print([*both.comparisons])").text == "['matched', 'idiomatic']\n"
    image = "given | dict(workload='mnist-mlp', train_limit=None)"
    seen = notebook.run(f"orchestrator.preview(count=3, **({image}))")
    assert seen.error is None
    assert "mnist-mlp has no augmentation" in seen.shown["text/html"]


def test_a_run_is_evaluated_compared_with_another_and_repeated_until_sure(notebook, two):
    where = two()
    notebook.run(f"import orchestrator\ngiven = dict({SMALL}, {where})")
    notebook.run("first = orchestrator.compare(verify=False, **given)")
    more = "until_sure=True, precision_target='99%', max_minutes=1, verify=False"
    sure = notebook.run(f"second = orchestrator.compare({more}, **given)")
    assert sure.error is None
    assert int(notebook.run("print(second.verdict.pairs)").text) >= 6
    asked = f"'latest', 'tensorflow', weights_from='pytorch', {where}"
    judged = notebook.run(f"answer = orchestrator.evaluate({asked})\nanswer")
    assert judged.error is None
    assert "with the weights of PyTorch" in judged.shown["text/html"]
    assert "data:image/svg+xml" in judged.shown["text/html"]
    differing = notebook.run("orchestrator.diff(first.path, second.path)")
    assert differing.error is None
    assert "PyTorch" in differing.shown["text/plain"]


def test_remedies_and_errors_are_in_the_words_of_python(notebook, two):
    cell = notebook.run(
        f"import orchestrator\nresult = orchestrator.compare({SMALL}, {two()})\nresult"
    )
    assert "repeats=10, or until_sure=True" in cell.shown["text/html"]
    assert "--" not in notebook.run("print([each.remedy for each in result.warnings])").text
    _, message = notebook.run("orchestrator.compare(recipe='both', loop='both')").error
    assert message.startswith('loop="both" and recipe="both" are two comparisons')
    _, message = notebook.run("orchestrator.verify(frameworks='pytorch')").error
    assert message == "This needs 2 frameworks or more; frameworks names 1."


def test_a_fault_is_one_message_with_what_to_do(notebook):
    cell = notebook.run("import orchestrator\norchestrator.compare(pytorch='127.0.0.1:1')")
    name, message = cell.error
    assert name == "RunnerUnavailable"
    assert "127.0.0.1:1" in message
    caught = "except orchestrator.OrchestratorError as error:\n    print(error.message)"
    cell = notebook.run(f"try:\n    orchestrator.compare(device='gpu')\n{caught}")
    assert cell.text == "device is 'gpu'; it can be cpu, cuda.\n"


def test_a_trial_that_fails_raises_and_says_where_the_rest_is_kept(notebook, two):
    where = two("raises", tensorflow="good")
    name, message = notebook.run(
        f"import orchestrator\norchestrator.compare({SMALL}, {where})"
    ).error
    assert name == "JobFailed"
    assert "the planted fault" in message
    again = re.search(r"orchestrator\.load\(.+\)", message)[0]
    assert "No verdict on speed" in notebook.run(f"print({again}.finding)").text


def test_an_interrupt_of_the_cell_keeps_what_was_finished_and_the_kernel(notebook, two):
    def interrupt():
        def has_an_epoch():
            found = shelf.runs(notebook.home / "runs")
            trials = found[0].trials() if found else []
            return trials and trials[0].epochs

        assert eventually(has_an_epoch)
        notebook.manager.interrupt_kernel()

    given = f"{SMALL}, epochs=10000, verify=False, {two('slow')}"
    cell = notebook.run(f"import orchestrator\norchestrator.compare({given})", interrupt)
    name, message = cell.error
    assert name == "KeyboardInterrupt"
    again = re.search(r"orchestrator\.load\(.+\)", message)[0]
    kept = notebook.run(f"kept = {again}\nkept")
    assert "was cancelled" in kept.shown["text/plain"]
    assert "data:image/svg+xml" in kept.shown["text/html"]
    run = shelf.find("latest", notebook.home / "runs")
    assert run.trials()[0].state is JobState.CANCELLED
