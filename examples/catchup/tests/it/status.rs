//! What the status tree shows of a catch-up.

use crate::common::{EIGHT, simulation};
use catchup::catchup::App;
use catchup::run::Watch;
use crankwork::{WorkScheduler, WorkSnapshot};

/// Looks at the works once, after so many ledgers have been applied.
struct Look {
    after: u32,
    status: Option<String>,
    works: Vec<WorkSnapshot>,
    /// What the root has said of itself, without what it said twice in a row.
    said: Vec<String>,
}

impl Watch for Look {
    fn look(&mut self, scheduler: &mut WorkScheduler<App>, app: &App) {
        let works = scheduler.snapshot();
        if self.said.last() != Some(&works[0].status) {
            self.said.push(works[0].status.clone());
        }
        if app.applied() >= self.after && self.status.is_none() {
            self.status = Some(scheduler.status());
            self.works = works;
        }
    }
}

/// Prints the tree: `cargo test -p catchup -- in_the_middle --nocapture`.
#[test]
fn the_status_in_the_middle_of_applying() {
    // The third checkpoint ends with ledger 191.
    let mut look = Look {
        after: 191,
        status: None,
        works: Vec::new(),
        said: Vec::new(),
    };
    let run = simulation(&EIGHT.files, 0.2, 5).run_watched(false, &mut look);
    assert_eq!(run.unwrap().ended.failure, None);
    let status = look.status.expect("it came by there");
    println!("{status}");

    let root = status.lines().next().unwrap();
    let says = "catching up to ledger 511: replay 3/8, record";
    assert!(root.ends_with(says), "{root}");
    let replay = status.lines().find(|line| line.starts_with("  replay: "));
    assert!(replay.unwrap().contains(" : 3/8 : "), "{status}");

    // Files and steps are counted in one unit, so their sum is how far the whole is.
    let whole = look.works[0].progress.unwrap();
    let replay = look.works.iter().find(|work| work.name == *"replay");
    let replay = replay.unwrap().progress.unwrap();
    assert_eq!((replay.done, replay.total), (3, 8));
    assert!(
        whole.done > 8 + replay.done && whole.done < whole.total,
        "{whole}"
    );

    assert_eq!(look.said[0], "finding out what the archive holds");
    let headers = "catching up to ledger 511: buckets";
    assert!(
        look.said.iter().any(|said| said.starts_with(headers)),
        "{:#?}",
        look.said
    );
    assert_eq!(look.said.last().unwrap(), "");
}
