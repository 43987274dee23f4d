//! The runner itself: it finds what differs, names words that it does not know, and plays the whole vocabulary.

use super::{Verdict, play};
use serde_json::{Value, json};

/// Returns the difference that an entry shows; empty if there is none.
fn verdict(entry: Value) -> String {
    crate::workbench::quiet_panics();
    match play(&entry) {
        Verdict::Matched => String::new(),
        Verdict::Differs(how) => how,
        Verdict::NoOps(why) => format!("no ops: {why}"),
    }
}

fn leaf(name: &str, more: Value) -> Value {
    let mut leaf = json!({
        "name": name, "kind": "leaf", "parent": null, "index": 0, "added_by": "op",
        "steps": 2, "step_ms": 5,
    });
    merge(&mut leaf, more);
    leaf
}

fn merge(into: &mut Value, more: Value) {
    for (key, value) in more.as_object().expect("an object") {
        into[key] = value.clone();
    }
}

/// Adds the works without a parent, in order, runs until these have settled, and compares.
fn run(works: Value, must_match: Value) -> String {
    let all = works.as_array().unwrap();
    let by_op = |work: &&Value| work["added_by"] == "op" && work["parent"].is_null();
    let names: Vec<&Value> = all.iter().filter(by_op).map(|work| &work["name"]).collect();
    let adds = names.iter().map(|name| json!({"op": "add", "work": name}));
    let end = json!({"op": "run_until", "cond": {"all_settled": names}});
    let ops: Vec<Value> = adds.chain([end]).collect();
    verdict(json!({"works": works, "ops": ops, "must_match": must_match}))
}

/// Claims that are wrong about the two works below, and what the runner says of each.
fn differing() -> [(Value, &'static str); 11] {
    [
        (
            json!({"states": {"a": "Failed"}}),
            "`a` is Some(Success), not [Failed]",
        ),
        (
            json!({"counts": {"b": {"on_run": 3}}}),
            "Run of `b`: 2, not 3",
        ),
        (
            json!({"counts": {"b": {"on_abort": [1, 2]}}}),
            "Abort of `b`: 0, not 1 to 2",
        ),
        (
            json!({"backoffs": {"a": [[2, 2]]}}),
            "back-off 0 of `a`: 1, not 2",
        ),
        (
            json!({"backoffs": {"b": [[1, 1]]}}),
            "number of back-offs of `b`: 0, not 1",
        ),
        (
            json!({"order": [{"among": ["b"], "runs": ["b"]}]}),
            "turn 1 among {\"b\"}: Some(\"b\"), not None",
        ),
        (
            json!({"before": [["a", "b"]]}),
            "`b` had a turn before the last one of `a`",
        ),
        (
            json!({"start_order": {"x": ["b", "a"]}}),
            "order of starts in `x`: [\"a\", \"b\"], not",
        ),
        (
            json!({"max_in_flight": {"x": 1}}),
            "most in flight of `x`: 0, not 1",
        ),
        (json!({"virtual_ms": 7}), "virtual ms: 10"),
        (json!({"total_turns_max": 5}), "turns: 6, not 0 to 5"),
    ]
}

#[test]
fn every_key_of_must_match_is_compared() {
    let fails = json!({"fails": {"first_attempts": 1}, "max_retries": 1});
    let works = || json!([leaf("a", fails.clone()), leaf("b", json!({}))]);
    let good = json!({
        "states": {"a": "Success", "b": ["Cancelled", "Success"]},
        "counts": {"a": {"on_run": 4, "on_failure_retry": 1, "on_reset": 2}, "b": {"on_run": [1, 2]}},
        "backoffs": {"a": [[1, 1]]},
        "order": [{"among": ["a", "b"], "runs": ["a", "b", "a", "b", "a", "a"]}],
        "before": [["b", "x"]],
        "start_order": {"batch": ["a", "b", "x"]},
        "virtual_ms": [1020, 1025],
        "total_turns_max": 6,
    });
    assert_eq!(run(works(), good), "");
    for (bad, says) in differing() {
        let how = run(works(), bad);
        assert!(how.starts_with(says), "{how}");
    }
}

fn unknown_in_works() -> [(Value, &'static str); 7] {
    [
        (
            json!({"works": [leaf("a", json!({"colour": 1}))]}),
            "colour",
        ),
        (
            json!({"works": [leaf("a", json!({"kind": "forest"}))]}),
            "forest",
        ),
        (
            json!({"works": [leaf("a", json!({"fails": "sometimes"}))]}),
            "sometimes",
        ),
        (
            json!({"works": [leaf("a", json!({"wait": "godot"}))]}),
            "godot",
        ),
        (
            json!({"works": [leaf("a", json!({"added_by": "nobody"}))]}),
            "nobody",
        ),
        (
            json!({"works": [leaf("a", json!({"kind": "parent", "body": "build"}))]}),
            "build",
        ),
        (
            json!({"works": [leaf("a", json!({"kind": "batch"}))]}),
            "width and count",
        ),
    ]
}

fn unknown_elsewhere() -> [(Value, &'static str); 8] {
    [
        (json!({"ops": [{"op": "explode"}]}), "explode"),
        (
            json!({"ops": [{"op": "add", "work": "a", "twice": true}]}),
            "twice",
        ),
        (
            json!({"ops": [{"op": "run_until", "cond": {"moon": "full"}}]}),
            "moon",
        ),
        (
            json!({"ops": [{"op": "expect", "work": "a", "state": "Odd"}]}),
            "Odd",
        ),
        (json!({"ops": [{"op": "add", "work": "ghost"}]}), "ghost"),
        (json!({"must_match": {"colour": 1}}), "colour"),
        (
            json!({"must_match": {"counts": {"a": {"on_fire": 1}}}}),
            "on_fire",
        ),
        (json!({"must_match": {"virtual_ms": "late"}}), "late"),
    ]
}

#[test]
fn unknown_words_are_named() {
    for (entry, word) in unknown_in_works().into_iter().chain(unknown_elsewhere()) {
        let mut whole = json!({"works": [], "ops": [], "must_match": {}});
        merge(&mut whole, entry);
        let how = verdict(whole);
        assert!(how.contains(word), "{how}");
    }
}

#[test]
fn ops_that_fail_are_told_with_their_number() {
    let works = json!([leaf("a", json!({"wait": "external"}))]);
    let ops = |last: Value| json!([{"op": "add", "work": "a"}, last]);
    for (op, says) in [
        (
            json!({"op": "run_until", "cond": {"all_settled": ["a"]}}),
            "op 2: ",
        ),
        (
            json!({"op": "expect", "work": "a", "state": "Success"}),
            "op 2: `a` is Some(Running)",
        ),
        (
            json!({"op": "expect", "live": 0}),
            "op 2: 1 are live, not 0",
        ),
        (
            json!({"op": "add", "work": "a", "expect": "refused"}),
            "op 2: `a` was not refused",
        ),
        (
            json!({"op": "restart", "work": "a"}),
            "op 2: restart of `a`: ",
        ),
    ] {
        let how = verdict(json!({"works": works, "ops": ops(op), "must_match": {}}));
        assert!(how.starts_with(says), "{how}");
    }
}

#[test]
fn a_condition_is_looked_at_after_every_turn_and_time_goes_no_further() {
    let works = json!([leaf("a", json!({})), leaf("b", json!({}))]);
    let entry = json!({
        "works": works,
        "ops": [
            {"op": "run_until", "cond": {"idle": true}},
            {"op": "add", "work": "a"},
            {"op": "add", "work": "b"},
            {"op": "run_until", "cond": {"work": "a", "on_run": 1}},
            {"op": "expect", "work": "b", "state": "Pending"},
            {"op": "run_until", "cond": {"all": [{"idle": true}, {"virtual_ms": 350}]}},
            {"op": "advance_ms", "ms": 7},
            {"op": "expect", "live": 0},
        ],
        "must_match": {"virtual_ms": 357},
    });
    assert_eq!(verdict(entry), "");
}

#[test]
fn a_work_can_be_cancelled_woken_and_restarted() {
    let entry = json!({
        "works": [leaf("a", json!({"wait": {"timer_ms": 50}, "abort_false_times": 2}))],
        "ops": [
            {"op": "add", "work": "a"},
            {"op": "run_until", "cond": {"work": "a", "state": "Waiting"}},
            {"op": "wake", "work": "a"},
            {"op": "run_until", "cond": {"all_settled": ["a"]}},
            {"op": "restart", "work": "a"},
            {"op": "run_until", "cond": {"work": "a", "state": "Waiting"}},
            {"op": "cancel", "work": "a"},
            {"op": "run_until", "cond": {"work": "a", "on_abort": 1}},
            {"op": "cancel", "work": "a"},
            {"op": "run_until", "cond": {"all_settled": ["a"]}},
            {"op": "cancel", "work": "a"},
            {"op": "shutdown"},
        ],
        "must_match": {
            "states": {"a": "Cancelled"},
            "counts": {"a": {"on_run": 3, "on_abort": 3, "on_success": 1, "on_reset": 3}},
            "virtual_ms": 15,
        },
    });
    assert_eq!(verdict(entry), "");
}

#[test]
fn leaves_with_turns() {
    let turns = json!([
        {"ms": 1, "arm_ms": [30, 20], "then": "again"},
        {"ms": 2, "then": "wait"},
        {"ms": 3, "arm_ms": [10], "then": "wait"},
        {"ms": 4, "then": "panic"},
    ]);
    let a = leaf("a", json!({"steps": null, "turns": turns}));
    let fails = leaf(
        "b",
        json!({"steps": null, "turns": [{"then": "fail"}], "max_retries": 1}),
    );
    let must = json!({
        "states": {"a": "Failed", "b": "Failed"},
        "counts": {"a": {"on_run": 4}, "b": {"on_run": 2}},
    });
    assert_eq!(run(json!([a, fails]), must), "");
    let alone = json!([leaf("a", json!({"steps": null, "turns": turns}))]);
    // The earlier wake-up, set at 1 ms, ends the first sleep at 21; the next is set at 24.
    assert_eq!(run(alone, json!({"virtual_ms": 38})), "");
}

#[test]
fn leaves_that_add_works() {
    let works = json!([
        leaf("a", json!({"spawns": [{"at_run": 2, "works": ["b"]}]})),
        leaf("b", json!({"added_by": {"work": "a", "at_run": 2}})),
        leaf("c", json!({"added_by": {"work": "b", "at_run": 1}})),
    ]);
    let ops = json!([
        {"op": "add", "work": "a"},
        {"op": "run_until", "cond": {"all_settled": ["a", "b", "c"]}},
    ]);
    let must = json!({"states": {"c": "Success"}, "before": [["a", "c"]], "virtual_ms": 30});
    assert_eq!(
        verdict(json!({"works": works, "ops": ops, "must_match": must})),
        ""
    );
}

#[test]
fn parents_with_a_list() {
    let child = |name: &str, more: Value| {
        let mut child = leaf(name, json!({"parent": "p", "added_by": "body"}));
        merge(&mut child, more);
        child
    };
    let body = json!([
        {"attempt": 1, "call": 1, "add": ["x"], "then": "again"},
        {"attempt": 1, "call": 2, "then": "fail"},
        {"attempt": 2, "call": 1, "add": ["y"], "then": "wait"},
    ]);
    let parent = json!({
        "name": "p", "kind": "parent", "parent": null, "index": 0, "added_by": "op",
        "max_retries": 1, "body": body,
    });
    let works = json!([
        parent,
        child("x", json!({"steps": 100})),
        child("y", json!({})),
        child("always", json!({"added_by": "parent", "index": 7})),
    ]);
    let must = json!({
        "states": {"p": "Success", "x": "Cancelled", "y": "Success", "always": "Success"},
        "counts": {"p": {"on_failure_retry": 1}, "always": {"on_reset": [2, 3]}},
        "backoffs": {"p": [1]},
    });
    assert_eq!(run(works, must), "");
}

#[test]
fn batches_with_children_of_one_attempt() {
    let batch = json!({
        "name": "batch", "kind": "batch", "parent": null, "index": 0, "added_by": "op",
        "max_retries": 1, "width": 2, "count": 3,
    });
    let child = |name: &str, index: u32, attempt: Value, fails: &str| {
        let attempt = json!({"parent": "batch", "added_by": "parent", "index": index,
            "attempt": attempt, "fails": fails});
        leaf(name, attempt)
    };
    let works = json!([
        batch,
        child("both", 0, Value::Null, "never"),
        child("bad", 1, json!(1), "always"),
        child("unseen", 2, json!(1), "never"),
        child("good", 3, json!(2), "never"),
        child("last", 4, json!(2), "never"),
        child("too many", 5, json!(2), "never"),
    ]);
    let must = json!({
        "states": {"batch": "Success", "bad": "Failed", "good": "Success", "too many": "Pending"},
        "counts": {"both": {"on_run": 4}, "last": {"on_run": 2}, "unseen": {"on_run": 0}},
        "start_order": {"batch": ["both", "bad", "good", "last"]},
        "max_in_flight": {"batch": 2},
    });
    assert_eq!(run(works, must), "");
}

#[test]
fn gates_callbacks_and_children_from_outside() {
    let conditional = json!({
        "name": "cond", "kind": "conditional", "parent": null, "index": 0, "added_by": "op",
        "gate": {"virtual_ms_at_least": 250}, "poll_ms": 100,
    });
    let gated = leaf("gated", json!({"parent": "cond", "added_by": "parent"}));
    let must = json!({"states": {"cond": "Success"}, "virtual_ms": 310});
    assert_eq!(run(json!([conditional, gated]), must), "");

    let callback = |name: &str, returns: &str| {
        json!({"name": name, "kind": "callback", "parent": null, "index": 0, "added_by": "op",
            "returns": returns})
    };
    let works = json!([
        callback("t", "true"),
        callback("f", "false"),
        callback("e", "error")
    ]);
    let must = json!({"states": {"t": "Success", "f": "Failed", "e": "Failed"}});
    assert_eq!(run(works, must), "");

    let parent = json!({"name": "p", "kind": "parent", "parent": null, "index": 0,
        "added_by": "op", "body": [{"attempt": 1, "call": 1, "then": "wait"}]});
    let entry = json!({
        "works": [parent, leaf("late", json!({"parent": "p"}))],
        "ops": [
            {"op": "add", "work": "p"},
            {"op": "run_until", "cond": {"work": "p", "state": "Waiting"}},
            {"op": "add_child", "parent": "p", "work": "late"},
            {"op": "run_until", "cond": {"all_settled": ["p"]}},
            {"op": "add_child", "parent": "p", "work": "late", "expect": "refused"},
        ],
        "must_match": {"states": {"p": "Success", "late": "Success"}, "virtual_ms": 10},
    });
    assert_eq!(verdict(entry), "");
}
