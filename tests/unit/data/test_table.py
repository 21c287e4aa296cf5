"""Tables: what becomes of their columns, and every fault that one may have."""

import os

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from orchestrator.data import table
from orchestrator.errors import BadInput


def csv(tmp_path, text, name="data.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def samples(path, target, features=()):
    return table.samples(path, table.read(path), target, features)


PEOPLE = (
    "age,plan,is_new,spend,left\n31,basic,true,1.5,yes\n42,pro,false,2.5,no\n19,pro,true,0,no\n"
)


@pytest.mark.parametrize("name", ["data.csv", "data.tsv", "data.parquet"])
def test_columns_become_numbers_and_texts_become_flags(tmp_path, name):
    path = csv(tmp_path, PEOPLE.replace(",", "\t") if name.endswith("tsv") else PEOPLE, name)
    if name.endswith("parquet"):
        held = table.read(csv(tmp_path, PEOPLE))
        pyarrow.parquet.write_table(held, path)
    found = samples(path, ["left"])
    assert found.names == ("age", "plan=basic", "plan=pro", "is_new", "spend")
    wanted = [[31, 1, 0, 1, 1.5], [42, 0, 1, 0, 2.5], [19, 0, 1, 1, 0]]
    np.testing.assert_array_equal(found.features, wanted)
    assert found.classes == ("no", "yes")
    np.testing.assert_array_equal(found.targets, np.array([1, 0, 0], np.int32), strict=True)


CITIES = "city,rooms,is_new,price\nRome,3,true,1\nOslo,1,false,2\nRome,1,true,4\nBern,3,false,9\n"


def test_each_value_of_a_column_is_a_code_of_its_own_if_the_workload_says_so(tmp_path):
    path = csv(tmp_path, CITIES)
    found = table.samples(path, table.read(path), ["price"], codes=True)
    assert (found.names, found.codes) == (("city", "rooms", "is_new"), 7)
    wanted = [[2, 4, 6], [1, 3, 5], [2, 3, 6], [0, 4, 5]]  # Bern Oslo Rome, 1 3, false true
    np.testing.assert_array_equal(found.features, np.array(wanted, np.int32), strict=True)


def test_columns_that_give_no_codes_are_named_at_once(tmp_path):
    path = csv(tmp_path, "a,b,c,y\n1.5,x,2,0\n2.5,x,2,1\n")
    with pytest.raises(BadInput) as raised:
        table.samples(path, table.read(path), ["y"], codes=True)
    said = str(raised.value)
    assert "a: it holds double; codes are of texts, booleans or whole numbers" in said
    assert "b: all values are 'x'" in said
    assert "c: all values are 2" in said


@pytest.mark.parametrize(
    ("values", "classes"),
    [(["no", "yes", "no", "yes"], ("no", "yes")), ([3, 5, 5, 3], ("3", "5"))],
)
def test_a_target_that_is_kept_as_categories_is_a_class(tmp_path, values, classes):
    column = pyarrow.array(values).dictionary_encode()  # as pandas writes a categorical
    path = tmp_path / "data.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"a": [1.0, 2, 3, 4], "y": column}), path)
    found = samples(path, ["y"])
    assert found.classes == classes
    assert [found.classes[code] for code in found.targets] == list(map(str, values))


def test_only_the_named_features_are_taken_in_their_order(tmp_path):
    found = samples(csv(tmp_path, PEOPLE), ["left"], ["spend", "age"])
    assert found.names == ("spend", "age")


def test_a_target_of_fractions_and_several_targets_are_numbers(tmp_path):
    one = samples(csv(tmp_path, PEOPLE), ["spend"], ["age"])
    assert one.targets.shape == (3, 1)
    assert one.classes == ()
    two = samples(csv(tmp_path, PEOPLE), ["spend", "age"])
    np.testing.assert_array_equal(two.targets, [[1.5, 31], [2.5, 42], [0, 19]])


@pytest.mark.parametrize(
    ("values", "is_class"),
    [
        (range(1000), False),  # each its own: an amount, or a number of a row
        ([0, 1] * 500, True),
        (list(range(10)) * 100, True),
        (list(range(100)) * 10, False),
    ],
)
def test_few_whole_numbers_are_classes_and_many_are_not(values, is_class):
    assert table.is_class(pyarrow.chunked_array([list(values)])) == is_class


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,y\n1,x\n,z\n3,x\n", "a: 1 of 3 values are missing, the first in row 2"),
        ("a,y\n1,x\nnan,z\n3,x\n", "a: 1 of 3 values are missing, the first in row 2"),
        ("a,y\n1,x\n-inf,z\ninf,x\n", "a: 2 of 3 values are NaN or infinite, the first in row 2"),
        ("a,y\n1,x\n2,z\nn/x,x\n", "a: 1 of 3 values are no numbers, the first, 'n/x', in row 3"),
        ("a,y\n1,x\n1,z\n1,x\n", "a: all values are 1; leave it out"),
        ("a,y\nq,x\nq,z\nq,x\n", "a: all values are 'q'; leave it out"),
        ("a,y\n2020-01-01,x\n2021-01-01,z\n", "a: it holds date32[day]; make numbers of it"),
        (b"a,y\nq\xff,x\nr,z\n", "a: row 1 is not UTF-8 text"),
        ("a,y\n1,x\n2,x\n", "y: all samples are of one class, x; there is nothing to tell apart"),
        ("a,y\n1,x\n2,\n3,z\n", None),  # an empty text is a text
    ],
)
def test_a_bad_column_is_named_with_the_place_and_the_remedy(tmp_path, text, said):
    path = csv(tmp_path, text)
    if said is None:
        assert samples(path, ["y"]).classes == ("", "x", "z")
        return
    with pytest.raises(BadInput, match="cannot be used") as caught:
        samples(path, ["y"])
    assert str(caught.value).splitlines()[1:] == [f"  {said}"]


def test_all_bad_columns_are_named_at_once(tmp_path):
    path = csv(tmp_path, "a,b,c,y\n1,1,x,1.5\n1,,x,\n")
    with pytest.raises(BadInput) as caught:
        samples(path, ["y"])
    lines = str(caught.value).splitlines()[1:]
    assert [line.split(":")[0].strip() for line in lines] == list("abcy")


def test_a_column_of_many_texts_is_refused(tmp_path):
    rows = "\n".join(f"name {i},{i % 2}" for i in range(60))
    with pytest.raises(BadInput, match="60 different texts in 60 rows"):
        samples(csv(tmp_path, "a,y\n" + rows + "\n"), ["y"])


@pytest.mark.parametrize(
    ("text", "target", "features", "said"),
    [
        (PEOPLE, ["gone"], (), "has no column gone; it has age, plan, is_new, spend, left"),
        (PEOPLE, ["left"], ["agee", "x"], "has no column agee, x; it has"),
        (PEOPLE, ["left"], ["left"], "left is the target, and cannot be a feature"),
        ("y\n1\n2\n", ["y"], (), "has no column beside the target y"),
        ("a,y,a\n1,2,3\n", ["y"], (), "has more than one column a"),
        ("a,y\n", ["y"], (), "has no rows"),
        ("", ["y"], (), "cannot be read: Empty CSV file"),
        ("a,y\n1,2\n3\n", ["y"], (), "Expected 2 columns, got 1"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_a_sentence(tmp_path, text, target, features, said):
    with pytest.raises(BadInput) as caught:
        samples(csv(tmp_path, text), target, features)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_parquet_file_that_is_none_is_refused(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        table.read(csv(tmp_path, "a,y\n1,2\n", "x.parquet"))


def test_what_is_no_plain_file_is_refused_without_reading_it(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "a.csv").symlink_to("b.csv")
    (tmp_path / "b.csv").symlink_to("a.csv")
    for name, said in {
        "pipe.csv": "not a plain file",
        "a.csv": "There is no file|symbolic links",
        "gone.csv": "There is no file",
    }.items():
        with pytest.raises(BadInput, match=said):
            table.read(tmp_path / name)
    with pytest.raises(BadInput, match="not a plain file"):
        table.read(tmp_path)
