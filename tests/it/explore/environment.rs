//! A search in a process of its own: the environment, and the report byte for byte.

use crate::temp_file::TempFile;
use crankwork::explore::{Explore, Sim};
use std::process::Command;
use std::task::Poll;

/// Two works that count, and lose one.
fn loses_an_update(sim: &mut Sim) {
    let node = sim.node("counter", 0);
    for name in ["first", "second"] {
        let mut seen = None;
        sim.work(node)
            .add_fn(name, move |cx| match seen.take() {
                None => {
                    seen = Some(*cx.app);
                    cx.yield_now()
                }
                Some(value) => {
                    *cx.app = value + 1;
                    Poll::Ready(Ok(()))
                }
            })
            .unwrap();
    }
    sim.eventually("both have counted", move |world| *world.app(node) == 2);
}

/// Searches as the environment says, and prints what comes of it. The other tests start it in a process of its own.
#[test]
fn searched() {
    match Explore::new().check(loses_an_update) {
        Ok(stats) => println!("passed: {stats}"),
        Err(failure) => println!("{failure}"),
    }
}

/// Runs `searched` with these variables, and returns what it printed.
fn printed(variables: &[(&str, &str)]) -> String {
    let binary = std::env::current_exe().unwrap();
    let mut command = Command::new(binary);
    command.args(["explore::environment::searched", "--exact", "--nocapture"]);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CRANK_") {
            command.env_remove(name);
        }
    }
    let output = command.envs(variables.iter().copied()).output().unwrap();
    assert!(output.status.success());
    // The harness prints how long it took, which is not ours.
    let out = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    let ours = out.lines().filter(|line| !line.contains("test"));
    let tested = out
        .lines()
        .filter(|line| line.contains("cargo test") || line.contains("exploration of"));
    error + &ours.chain(tested).collect::<Vec<_>>().join("\n")
}

#[test]
fn l27_a_report_is_the_same_in_every_process_byte_for_byte() {
    let [one, other] = [(); 2].map(|()| printed(&[]));
    assert_eq!(one, other);
    assert!(
        one.contains("exploration of `explore::environment::searched` failed"),
        "{one}"
    );
}

#[test]
fn the_environment_is_stronger_than_the_code() {
    let passed = printed(&[("CRANK_POLICY", "continue"), ("CRANK_RUNS", "7")]);
    assert!(passed.contains("passed: 7 runs"), "{passed}");
    let seeds =
        ["3", "0x3"].map(|seed| printed(&[("CRANK_SEED", seed), ("CRANK_POLICY", "random")]));
    assert_eq!(seeds[0], seeds[1]);
    let wrong = printed(&[("CRANK_POLICY", "best"), ("CRANK_JOBZ", "2")]);
    assert!(
        wrong.contains("CRANK_POLICY=best cannot be read, and is ignored"),
        "{wrong}"
    );
    assert!(wrong.contains("CRANK_JOBZ means nothing"), "{wrong}");
}

/// Returns the value of a variable in the last line of a report.
fn replay_in(report: &str) -> &str {
    let from = report.split_once("CRANK_REPLAY='").unwrap().1;
    from.split_once('\'').unwrap().0
}

#[test]
fn the_line_of_a_report_repeats_the_run() {
    for shrink in ["off", "500"] {
        let shrink = ("CRANK_SHRINK", shrink);
        let report = printed(&[("CRANK_POLICY", "random"), shrink]);
        let again = printed(&[("CRANK_REPLAY", replay_in(&report)), shrink]);
        assert!(again.contains("run 0 of 1, policy replay"), "{again}");
        let turns = |report: &str| {
            let from = report.split_once("virtual time").unwrap().1;
            from.split_once("replay:").unwrap().0.to_owned()
        };
        assert_eq!(turns(&again), turns(&report));
    }
}

#[test]
fn a_replay_can_be_a_file_and_one_that_cannot_be_read_is_a_failure() {
    let report = printed(&[]);
    let text = format!("# a comment\n{}\n", replay_in(&report));
    let file = TempFile::new("replay.sched", text);
    let again = printed(&[("CRANK_REPLAY", &format!("@{}", file.0.display()))]);
    assert!(
        again.contains("policy replay") && again.contains("still false"),
        "{again}"
    );
    for unreadable in ["v1:h=first", "v9:", "", "@/nowhere/at/all.sched"] {
        let printed = printed(&[("CRANK_REPLAY", unreadable)]);
        let line = "failed: its replay cannot be read";
        assert!(printed.contains(line), "{unreadable}: {printed}");
    }
}

#[test]
fn a_report_has_as_much_of_the_trace_as_is_wanted() {
    let with = |form: &str| printed(&[("CRANK_TRACE", form)]);
    assert!(with("short").contains("what happened"));
    assert!(with("full").contains("what happened"));
    assert!(!with("none").contains("what happened"));
    let json = with("json");
    let lines: Vec<_> = json.lines().filter(|line| line.starts_with('{')).collect();
    assert_eq!(lines.len(), 4, "{json}");
    for line in lines {
        let turn: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(
            turn["work"].is_string() && turn["number"].is_u64(),
            "{line}"
        );
    }
}

#[test]
fn the_environment_names_a_corpus() {
    let folder = std::env::temp_dir().join(format!("crankwork-{}-named", std::process::id()));
    let with = |more: &[(&str, &str)]| {
        let corpus = ("CRANK_CORPUS", folder.to_str().expect("a plain name"));
        printed(&[&[corpus], more].concat())
    };
    let first = with(&[]);
    let again = with(&[("CRANK_RUNS", "0")]);
    let _ = std::fs::remove_dir_all(&folder); // what is left over does no harm
    assert!(first.contains("(run first next time)"), "{first}");
    assert!(again.contains("policy saved in "), "{again}");
    assert_eq!(replay_in(&first), replay_in(&again));
}
