import pytest
from google.protobuf import json_format
from twinrun.v1 import job_pb2

from orchestrator.errors import BadInput, Refused
from orchestrator.settings import workloads


def test_the_presets_are_listed_by_name():
    assert workloads.names() == [
        *("autoencoder-mnist", "breast-cancer", "cifar10-cnn", "diabetes", "digits"),
        "fashion-cnn",
        "fashion-mlp",
        "gpt-tiny",
        "gru-text",
        "iris",
        "lstm-text",
        "mlp-wide",
        "mnist-augmented",
        "mnist-augmented-noflip",
        "mnist-cnn",
        "mnist-custom-layer",
        *("mnist-mlp", "mobilenet-tiny"),
        "next-token",
        *("resnet-digits", "resnet18", "resnet20-cifar10"),
        *("synthetic-mlp", "unet-tiny", "vit-tiny"),
        "wine",
    ]


@pytest.mark.parametrize("name", workloads.names())
def test_every_preset_is_a_job_spec_with_dataset_layers_and_optimizer(name):
    spec = json_format.ParseDict(workloads.load(name), job_pb2.JobSpec())
    assert spec.dataset.name
    outputs = {"iris": 3, "wine": 3, "breast-cancer": 1, "diabetes": 1}
    outputs |= {"autoencoder-mnist": 784, "resnet18": 1000}
    outputs |= dict.fromkeys(("next-token", "lstm-text", "gru-text", "gpt-tiny"), 24)
    last = spec.layers[-1]
    if name == "unet-tiny":
        assert last.conv2d.filters == 4  # classes of a pixel
    else:
        assert last.dense.units == outputs.get(name, 10)
    as_published = name in ("resnet18", "resnet20-cifar10")
    assert spec.optimizer.WhichOneof("kind") == ("sgd" if as_published else "adam")


def test_mnist_mlp_is_the_model_of_the_lesson():
    spec = json_format.ParseDict(workloads.load("mnist-mlp"), job_pb2.JobSpec())
    assert [layer.dense.units for layer in spec.layers if layer.HasField("dense")] == [128, 64, 10]
    assert [layer.WhichOneof("kind") for layer in spec.layers] == [
        "flatten",
        *("dense", "activation", "dense", "activation", "dense"),
    ]
    assert spec.optimizer.learning_rate == 0.001
    assert (spec.batch_size, spec.epochs, spec.seed) == (64, 5, 0)


@pytest.mark.parametrize("name", ["resnet", "", "../workloads/mnist-mlp", "/etc/passwd", "a\0b"])
def test_an_unknown_name_is_bad_input_that_lists_what_there_is(name):
    with pytest.raises(
        BadInput,
        match="fashion-mlp, gpt-tiny, gru-text, iris, lstm-text, mlp-wide, mnist-augmented",
    ) as caught:
        workloads.load(name)
    assert repr(name) in caught.value.message
    assert caught.value.exit_code == 2


def test_each_preset_is_described_in_a_sentence():
    for preset in workloads.presets():
        assert preset.description
        assert ". " not in preset.description
        assert preset.name in workloads.names()


# ------------------------------------------------------------------------------- files of one's own

GOOD = """
dataset:
  name: mnist
layers:
  - flatten: {}
  - dense: {units: 10}
optimizer:
  learningRate: 0.01
  adam: {}
"""


@pytest.fixture
def mine(tmp_path):
    def mine(text, name="mine.yaml"):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return mine


def refused(path):
    with pytest.raises(BadInput) as caught:
        workloads.load(path)
    assert caught.value.exit_code == 2
    return caught.value.message


@pytest.mark.parametrize("name", ["mine.yaml", "mine.yml"])
def test_a_file_of_ones_own_is_a_workload_named_after_it(mine, name):
    path = mine(GOOD, name)
    spec = json_format.ParseDict(workloads.load(path), job_pb2.JobSpec())
    assert spec.optimizer.learning_rate == 0.01
    assert workloads.title(path) == "mine"
    assert workloads.title("mnist-mlp") == "mnist-mlp"


def test_json_is_taken_too(mine):
    text = json_format.MessageToJson(json_format.ParseDict({"epochs": 3}, job_pb2.JobSpec()))
    assert workloads.load(mine(text, "mine.json")) == {"epochs": 3}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("epocs: 3", "epocs is not a field; did you mean epochs?"),
        ("lr: 0.1", "lr is not a field; did you mean optimizer.learning_rate?"),
        ("zzz: 0.1", "zzz is not a field; docs/workloads.md describes those of a job"),
        ("augmentation: {zzz: 1}", "augmentation.zzz is not a field; choose from flip, rotation"),
        ("epochs: three", "epochs is 'three'; it must be a number"),
        ("epochs: 1.5", "epochs is 1.5; it must be a number"),
        ("allow_tf32: 3", "allow_tf32 is 3; it must be true or false"),
        ("recipe: matched_up", "recipe is 'matched_up'; it must be matched or idiomatic"),
        ("own_ways: [loss, 7x]", "own_ways is ['loss', '7x']"),
        ("loss: {a: 3}", "loss.a is not a field; choose from softmax_cross_entropy"),
    ],
)
def test_what_the_proto_cannot_hold_is_said_with_its_line(mine, line, said):
    path = mine(GOOD + line + "\n")
    assert f"{path}:{GOOD.count(chr(10)) + 1}: {said}" in refused(path)


def test_all_that_is_wrong_is_said_at_once_with_paths_as_a_runner_has_them(mine):
    text = GOOD.replace("units: 10", "unit: 10, units: x").replace("adam: {}", "adam: 3")
    path = mine(text)
    first, *rest = refused(path).splitlines()
    assert first == f"{path} is not a job spec:"
    assert [line.partition(";")[0] for line in rest] == [
        f"  {path}:6: layers[1].dense.unit is not a field",
        f"  {path}:6: layers[1].dense.units is 'x'",
        f"  {path}:9: optimizer.adam must have fields of its own",
    ]
    assert rest[-1].endswith("choose from beta_1, beta_2, epsilon, amsgrad")


@pytest.mark.parametrize(
    ("here", "there", "said"),
    [
        ("adam: {}", "Adam: {}", "optimizer.Adam is not a field; did you mean adam?"),
        ("adam: {}", "adam: {betas: 0.9}", "betas is not a field; did you mean beta_1?"),
        ("learningRate", "lr", "optimizer.lr is not a field; did you mean learning_rate?"),
        (
            "flatten: {}",
            "relu",
            "[0] is 'relu'; did you mean {activation: {function: relu}}?",
        ),
        ("flatten: {}", "ReLU: {}", "did you mean activation: {function: relu}?"),
        ("flatten: {}", "activation: relu", "did you mean {function: relu}?"),
        ("flatten: {}", "Flatten", "layers[0] is 'Flatten'; did you mean {flatten: {}}?"),
        ("{units: 10}", "10", "layers[1].dense is 10; did you mean {units: 10}?"),
        ("{units: 10}", "{neurons: 10}", "dense.neurons is not a field; did you mean units?"),
        ("name: mnist", "path: mine.csv", "did you mean dataset.file.path?"),
        ("name: mnist", "path: mine.csv", "dataset.name is not set; it is required"),
        ("flatten: {}", "conv2d: {filters: 4, padding: valid}", "0 for 'valid'"),
        ("flatten: {}", "conv2d: {filters: 4, padding: equal}", "it must be a number"),
        ("flatten: {}", "conv2d: {filters: 4, size: [3, x]}", "conv2d.size_2d is [3, 'x']"),
    ],
)
def test_what_was_meant_is_said(mine, here, there, said):
    assert here in GOOD
    assert said in refused(mine(GOOD.replace(here, there)))


def test_values_out_of_range_are_said_beside_what_the_proto_cannot_hold(mine):
    text = GOOD.replace("units: 10", "units: -1") + "epocs: 3\nbatch_size: 0\nseed: x\n"
    assert [line.partition(": ")[2] for line in refused(mine(text)).splitlines()[1:]] == [
        "layers[1].dense.units is -1; it must be from 1 to 1000000",
        "epocs is not a field; did you mean epochs?",
        "batch_size is 0; it must be from 1 to 1000000",
        "seed is 'x'; it must be a number",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a job spec"),
        ("- 1", "is not a job spec"),
        ("layers: [", "mine.yaml:1: this is not YAML"),
        ("a: b: c", "mine.yaml:1: this is not YAML"),
        ("a.b: 3\n1: 2", "mine.yaml:1: a.b is not a field"),
        ("layers: " + 101 * "[" + 101 * "]", "mine.yaml is nested deeper than 100 levels"),
        ("layers: " + 5000 * "[" + 5000 * "]", "mine.yaml is nested deeper than 100 levels"),
    ],
)
def test_a_file_that_is_no_mapping_or_no_yaml(mine, text, said):
    assert said in refused(mine(text))


def test_a_file_that_is_not_there_or_no_text(mine, tmp_path):
    assert refused("no/such.yaml") == "There is no file no/such.yaml."
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in refused(str(tmp_path / "binary.yaml"))
    (tmp_path / "folder.yaml").mkdir()
    assert "cannot be read" in refused(str(tmp_path / "folder.yaml"))


def test_layers_in_others_are_refused_by_their_lines_and_names_of_other_programs_are_known(mine):
    text = """
layers:
  - flatten: {}
  - residual:
      layers:
        - dense: {units: 0, neurons: 3}
      projection: []
  - skip: {layers: []}
"""
    said = {line.split(".yaml:")[1] for line in refused(mine(text)).splitlines()[1:]}
    assert said >= {
        "6: layers[1].residual.layers[0].dense.units is not set; it is required",
        "6: layers[1].residual.layers[0].dense.neurons is not a field; did you mean units?",
        "7: layers[1].residual.projection is not a field; did you mean shortcut?",
        "8: layers[2].skip is not a field; did you mean residual?",
    }


def test_what_a_runner_refuses_is_said_with_its_line(mine):
    path = mine(GOOD)
    fields = [
        ("layers[1].dense.units", "is bad"),
        ("optimizer.learning_rate", "is bad too"),
        ("optimizer.adam.beta_1", "is not there: its parent is"),
        ("layers[7].dense.units", "is not there: the list is"),
        ("epochs", "is nowhere"),
    ]
    with pytest.raises(BadInput) as caught, workloads.lines_in_refusals(path):
        raise Refused(fields)
    assert caught.value.message.splitlines()[1:] == [
        f"  {path}:1: epochs is nowhere",
        f"  {path}:4: layers[7].dense.units is not there: the list is",
        f"  {path}:6: layers[1].dense.units is bad",
        f"  {path}:8: optimizer.learning_rate is bad too",
        f"  {path}:9: optimizer.adam.beta_1 is not there: its parent is",
    ]


@pytest.mark.parametrize("workload", ["mnist-mlp", None])
def test_a_presets_refusal_is_left_as_it_is(workload):
    with pytest.raises(Refused), workloads.lines_in_refusals(workload):
        raise Refused([("epochs", "is 0")])
