//! Failures that are kept: as a text, as files, and what is said of those that no longer match.

use super::conditions::{App, add, passes, search};
use super::toys::{self, Edit};
use crankwork::explore::{Explore, Failure, Item, Sim, Stats, Verdict};
use std::path::{Path, PathBuf};

/// A folder of this process, removed when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let name = format!("crankwork-{}-{name}", std::process::id());
        Folder(std::env::temp_dir().join(name))
    }

    /// Returns all files below the folder, with their texts.
    fn files(&self) -> Vec<(PathBuf, String)> {
        let mut folders = vec![self.0.clone()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => {
                        let text = std::fs::read_to_string(&path).unwrap();
                        files.push((path, text));
                    }
                }
            }
        }
        files
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0); // what is left over does no harm
    }
}

fn lost_update(sim: &mut Sim) {
    toys::lost_update(sim, Edit::None);
}

fn with(folder: &Folder) -> Explore {
    search().corpus(&folder.0)
}

fn fails(explore: &Explore, program: impl Fn(&mut Sim)) -> Box<Failure> {
    explore.check(program).expect_err("some run fails")
}

#[test]
fn a_failure_is_saved_and_run_first_next_time() {
    let folder = Folder::new("saved");
    let first = fails(&with(&folder), lost_update);
    let saved = first.saved.clone().expect("it is saved");
    let files = folder.files();
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].0, saved);
    assert_eq!(
        saved.parent().and_then(Path::file_name),
        Some("searching".as_ref())
    );
    assert!(
        files[0].1.starts_with("# searching: \"both count\""),
        "{}",
        files[0].1
    );
    assert!(files[0].1.ends_with(&format!("\n{}\n", first.replay)));
    let line = format!("saved to: {}   (run first next time)", saved.display());
    assert!(first.to_string().contains(&line), "{first}");
    // A search that would find nothing fails with what is saved.
    let none = with(&folder).runs(0);
    let again = fails(&none, lost_update);
    assert!(again.policy.starts_with("saved in "), "{again}");
    assert_eq!(
        (&again.verdict, &again.saved),
        (&first.verdict, &Some(saved))
    );
    assert_eq!(again.turns, first.turns);
    assert_eq!(folder.files(), files, "nothing is written twice");
}

#[test]
fn nothing_is_written_without_a_failure_or_a_folder() {
    let folder = Folder::new("nothing");
    passes(&with(&folder).runs(10), |sim| {
        let node = sim.node("", App::new());
        add(sim.work(node), "a", 1);
    });
    assert!(!folder.0.exists());
    assert_eq!(fails(&search(), lost_update).saved, None);
}

#[test]
fn two_failures_are_two_files_and_a_mended_one_passes() {
    let folder = Folder::new("two");
    let order = |wrong: [&'static str; 3]| {
        move |sim: &mut Sim| {
            let node = sim.node("", App::new());
            for name in ["a", "b", "c"] {
                add(sim.work(node), name, 1);
            }
            sim.always("the order is right", move |world| *world.app(node) != wrong);
        }
    };
    let one = fails(&with(&folder), order(["b", "a", "c"]));
    // What is saved passes this program, so its own failure is searched for.
    let other = fails(&with(&folder), order(["c", "b", "a"]));
    assert_ne!(one.replay, other.replay);
    assert_eq!(folder.files().len(), 2);
    let mended = passes(&with(&folder).runs(5), order(["d", "e", "f"]));
    assert_eq!(mended.runs, 7, "{mended}");
}

#[test]
fn a_saved_failure_that_cannot_be_read_is_a_failure() {
    let folder = Folder::new("unreadable");
    fails(&with(&folder), lost_update);
    let (path, _) = folder.files().pop().unwrap();
    std::fs::write(&path, "# nothing\nv1:h=what\n").unwrap();
    let failure = fails(&with(&folder), lost_update);
    let Verdict::Unreadable(why) = &failure.verdict else {
        panic!("{failure}");
    };
    assert!(
        why.contains("`h=what` is no item") && why.contains(".sched"),
        "{why}"
    );
}

fn stale_in(stats: &Stats) -> Vec<String> {
    stats.stale.iter().map(Item::to_string).collect()
}

#[test]
fn items_that_nothing_matches_are_named() {
    let program = |sim: &mut Sim| {
        let node = sim.node("", App::new());
        add(sim.work(node), "a", 2);
        add(sim.work(node), "b", 2);
    };
    let stale = |text: &str| stale_in(&passes(&search().replay(text), program));
    assert_eq!(stale("v1:h=a@2>b@2;h=b@1>a@1"), [""; 0]);
    assert_eq!(
        stale("v1:h=a@3>b@2"),
        ["a waits before turn 3 until b has had turn 2"]
    );
    assert_eq!(stale("v1:h=a@1>b@3"), ["a waits until b has had turn 3"]);
    assert_eq!(stale("v1:h=c@1>b@1"), ["c waits until b has had turn 1"]);
    assert_eq!(stale("v1:f=c@1"), ["c fails at turn 1"]);
    assert_eq!(
        stale("v1:o=a@1:how#1=1"),
        ["a chooses 1 for \"how\" at turn 1"]
    );
    assert_eq!(stale("v1:p=a@1"), ["a gets its permit first"]);
    let stats = passes(&search().replay("v1:f=c@1"), program);
    assert!(
        stats
            .to_string()
            .contains("stale, nothing matches it: c fails"),
        "{stats}"
    );
    // In a report the item is marked.
    let failure = fails(&search().replay("v1:f=c@1"), |sim| {
        program(sim);
        sim.eventually("never", |_| false);
    });
    assert!(failure.items[0].is_stale, "{failure}");
    assert!(failure.to_string().contains("(stale: "), "{failure}");
}

#[test]
fn a_text_that_cannot_be_read_is_a_failure_with_a_reason() {
    for (text, why) in [
        ("v9:h=a@1>b@1", "does not begin with `v1:`"),
        ("v1:h=a@1", "`h=a@1` is no item"),
        ("a1:1,x", "is no list of answers"),
        ("@/nowhere/at/all", "/nowhere/at/all"),
    ] {
        let failure = fails(&search().replay(text), lost_update);
        let report = failure.to_string();
        assert!(
            report.contains(why) && report.contains("nothing was run"),
            "{report}"
        );
    }
}
