"""The arithmetic of the benchmarks: pairs, goals, the table and what goes into the JSON file."""

import json
import sys
from itertools import islice, pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import nnbook
from benchmarks import __main__ as command
from benchmarks.pairs import Pairs, Result, in_turn, timed
from benchmarks.problems import Batches, Order, Problem, thermometer

PAIRS = Pairs(ours=(1.0, 3.0, 2.0), peer=(4.0, 2.0, 2.0))


def result(**goal):
    return Result("ours", "a peer", PAIRS, "s", PAIRS.ratios, "x the time", **goal)


def ticking(*times):
    """Make a clock that shows these times, one after the other."""
    return iter(times).__next__


# Pairs


def test_ratios_and_differences_are_taken_pair_by_pair():
    assert PAIRS.ratios == (0.25, 1.5, 1.0)
    assert PAIRS.inverse_ratios == (4.0, 2 / 3, 1.0)
    assert PAIRS.differences == (-3.0, 1.0, 0.0)


def test_pairs_of_unequal_number_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        _ = Pairs(ours=(1.0, 2.0), peer=(1.0,)).ratios


@given(st.integers(1, 5), st.integers(1, 4), st.booleans())
def test_both_are_measured_equally_often_and_each_goes_first_in_turn(pairs, best_of, warm_up):
    calls = []

    def measurement(name):
        def measure():
            calls.append(name)
            return float(len(calls))

        return measure

    ours, peer = measurement("ours"), measurement("peer")
    values = in_turn(ours, peer, pairs=pairs, best_of=best_of, warm_up=warm_up)
    assert len(values.ours) == len(values.peer) == pairs
    measured = calls[2 * warm_up :]
    assert len(measured) == 2 * pairs * best_of
    assert measured.count("ours") == measured.count("peer")
    turns = list(zip(measured[::2], measured[1::2], strict=True))
    assert all(set(turn) == {"ours", "peer"} for turn in turns)
    firsts = [first for first, _ in turns]
    in_pairs = [firsts[n : n + best_of] for n in range(0, len(firsts), best_of)]
    for one in in_pairs:
        assert all(before != after for before, after in pairwise(one))
    # From pair to pair the other begins.
    begins = [one[0] for one in in_pairs]
    assert all(before != after for before, after in pairwise(begins))


def test_a_pair_holds_the_least_of_its_turns():
    ours, peer = ticking(5.0, 3.0, 4.0), ticking(6.0, 8.0, 7.0)
    assert in_turn(ours, peer, pairs=1, best_of=3, warm_up=False) == Pairs((3.0,), (6.0,))


def test_the_warm_up_is_not_counted():
    assert in_turn(ticking(9.0, 1.0), ticking(9.0, 2.0), pairs=1) == Pairs((1.0,), (2.0,))


def test_timed_takes_the_clock_before_and_after():
    assert timed(lambda: None, clock=ticking(10.0, 12.5))() == 2.5


# Results


@pytest.mark.parametrize(
    ("goal", "text", "is_met"),
    [
        ({"at_most": 1.0}, "<= 1", True),
        ({"at_most": 0.9}, "<= 0.9", False),
        ({"at_least": 1.0}, ">= 1", True),
        ({"at_least": 1.05}, ">= 1.05", False),
        ({}, "", None),
    ],
)
def test_the_median_is_held_against_the_goal_if_there_is_one(goal, text, is_met):
    line = result(**goal)
    assert line.median == 1.0
    assert line.goal == text
    assert line.is_met is is_met


def test_two_goals_are_refused():
    with pytest.raises(AssertionError, match="one goal"):
        result(at_most=1.0, at_least=1.0)


# The table and the file


def test_the_table_has_a_line_for_each_result_with_median_and_range():
    lines = command.table({"a": result(at_most=0.5), "b": result()}).splitlines()
    assert len(lines) == 4  # head, rule, two results
    for line in lines[2:]:
        assert "2 s : 2 s" in line
        assert "1.000" in line
        assert "0.2500 to 1.500" in line
    assert lines[2].endswith("<= 0.5  MISSED")
    assert "MISSED" not in lines[3]
    assert "yes" not in lines[3]


def test_the_record_comes_back_from_json(monkeypatch):
    monkeypatch.setattr(command, "PACKAGES", ("torch", "nnbook"))  # the peers need not be there
    back = json.loads(json.dumps(command.record({"a": result(at_most=0.5), "b": result()})))
    assert list(back["results"]) == ["a", "b"]
    line = back["results"]["a"]
    assert (line["median"], line["min"], line["max"]) == (1.0, 0.25, 1.5)
    assert (line["ours_s"], line["peer_s"]) == ([1.0, 3.0, 2.0], [4.0, 2.0, 2.0])
    assert (line["goal"], line["is_met"]) == ("<= 0.5", False)
    assert (back["results"]["b"]["goal"], back["results"]["b"]["is_met"]) == ("", None)
    assert back["machine"]["processor"] is not None
    assert set(back["versions"]) == {"python", "torch", "nnbook"}


def run_command(monkeypatch, tmp_path, *words):
    monkeypatch.setattr(command, "JSON_FILE", tmp_path / "build" / "benchmarks.json")
    monkeypatch.setattr(command, "KEPT_FILE", tmp_path / "_data" / "benchmarks.json")
    monkeypatch.setattr(command, "PACKAGES", ("torch",))
    monkeypatch.setattr(command, "BENCHMARKS", {"a": result, "b": result})
    monkeypatch.setattr(sys, "argv", ["benchmarks", *words])
    command.main()


def test_a_name_picks_a_benchmark_and_nothing_is_published(monkeypatch, tmp_path, capsys):
    run_command(monkeypatch, tmp_path, "b")
    written = json.loads((tmp_path / "build" / "benchmarks.json").read_text(encoding="utf-8"))
    assert list(written["results"]) == ["b"]
    assert not (tmp_path / "_data").exists()
    assert "a peer" in capsys.readouterr().out


def test_keep_publishes_the_same_file(monkeypatch, tmp_path):
    run_command(monkeypatch, tmp_path, "--keep")
    texts = {file.read_text(encoding="utf-8") for file in tmp_path.glob("*/benchmarks.json")}
    (text,) = texts
    assert list(json.loads(text)["results"]) == ["a", "b"]
    assert (tmp_path / "_data" / "benchmarks.json").exists()


@pytest.mark.parametrize(("words", "said"), [(["c"], "called c"), (["--keep", "a"], "whole table")])
def test_an_unknown_name_and_a_part_to_publish_are_refused(
    monkeypatch, tmp_path, capsys, words, said
):
    with pytest.raises(SystemExit):
        run_command(monkeypatch, tmp_path, *words)
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


# What the peers train on


def small_problem():
    rows = torch.arange(7.0).unsqueeze(1)
    return Problem(rows, rows, n_hidden=2, n_out=1, lr=0.1, epochs=3, batch_size=3)


def test_a_data_loader_and_the_batches_give_the_order_that_fit_draws():
    problem, generator = small_problem(), torch.Generator().manual_seed(1)
    order, batches = Order(problem), Batches(problem)
    for _ in range(problem.epochs):
        drawn = torch.randperm(7, generator=generator)
        assert list(order) == drawn.tolist()
        given_rows = [inputs for inputs, _ in batches]
        assert [len(inputs) for inputs in given_rows] == [3, 3, 1]
        assert torch.cat(given_rows).flatten().tolist() == drawn.tolist()
    assert (len(order), len(batches)) == (7, 3)


def test_an_order_that_was_only_begun_is_given_again():
    order = Order(small_problem())
    beginning = list(islice(order, 6))
    whole = list(order)
    assert whole[:6] == beginning
    assert list(order) != whole


def test_a_full_batch_comes_in_order():
    problem = thermometer()
    assert list(Order(problem)) == list(range(9))
    ((inputs, targets),) = Batches(problem)
    assert inputs is problem.inputs
    assert targets is problem.targets


def test_the_network_is_the_one_that_mlp_makes(seeded):
    expected = seeded(0, lambda: nnbook.mlp(1, 13, 1)).state_dict()
    with torch.random.fork_rng():
        found = thermometer().network().state_dict()
    assert list(found) == list(expected)
    assert all(torch.equal(found[name], expected[name]) for name in expected)
