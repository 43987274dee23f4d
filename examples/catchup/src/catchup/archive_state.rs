//! Finding out what to catch up to.
//!
//! The root file says how far the archive goes. No hash protects it, so it is believed no further than that: what the
//! last checkpoint's buckets are is said by that checkpoint's own state file, and the hash of its bucket list must
//! stand in the last ledger header. That header always comes from the archive: everything that is kept is checked
//! against it.

use super::headers::Headers;
use super::kept::Check;
use super::{App, Cx, Fetch, FetchError, Goods, stage};
use crate::archive::{ArchiveState, Checkpoint, Corrupt, File, Hash};
use crankwork::compose::{AttemptOutcome, WorkSequence, WorkWithCallback};
use crankwork::{Failure, Retry, Spec, Work};
use std::sync::Arc;
use std::task::Poll;

/// More checkpoints than this are refused: each costs memory before it is downloaded, and nothing but the archive's
/// word says how many there are.
const MOST_CHECKPOINTS: u32 = 1 << 16;

/// Returns the stage: three files, one after the other. Should the root file have been wrong, and nothing else, it is
/// asked for again; but not after a failure for good.
pub fn spec() -> Spec<App, impl Work<App>> {
    let sequence = WorkSequence::<App>::new()
        .then_with(|done| Fetch::spec(Root, &done.app().settings))
        .then_with(|done| {
            let held = done.output::<ArchiveState>(0).checkpoint;
            Spec::from_fn("target", move |cx| Poll::Ready(wanted(cx.app, held)))
        })
        .then_with(|done| {
            let headers = Headers::anew(*done.output(1));
            Fetch::spec(headers, &done.app().settings)
        })
        .then_with(|done| {
            let root: &ArchiveState = done.output(0);
            let state = State {
                at: *done.output(1),
                passphrase: root.passphrase.clone(),
            };
            Fetch::spec(state, &done.app().settings)
        });
    let work = WorkWithCallback::after(sequence, |cx: &mut Cx<'_>, outcome| {
        if let AttemptOutcome::Retry(_) = outcome {
            cx.app.stages = Default::default();
            cx.app.first_failure = None;
        }
    });
    stage("archive state", work).retry(Retry::ONCE)
}

/// The checkpoint to catch up to. What has been applied must not be beyond it.
fn wanted(app: &App, held: Checkpoint) -> Result<Checkpoint, Failure> {
    let held = held.index() + 1;
    let target = match app.settings.checkpoints {
        Some(wanted) if wanted > held => Err(format!(
            "the archive has {held} checkpoints, not {wanted}; ask for fewer with --checkpoints"
        )),
        None if held > MOST_CHECKPOINTS => Err(format!(
            "the archive has {held} checkpoints, more than the {MOST_CHECKPOINTS} that are possible here; \
             ask for fewer with --checkpoints"
        )),
        wanted => Ok(Checkpoint::nth(wanted.unwrap_or(held) - 1)),
    };
    let target = target.map_err(Failure::fatal)?;
    match (app.applied(), target.last()) {
        (applied, last) if applied <= last => Ok(target),
        (applied, last) => Err(Failure::fatal(beyond(app, applied, last))),
    }
}

fn beyond(app: &App, applied: u32, last: u32) -> String {
    match app.settings.checkpoints {
        Some(wanted) => format!(
            "ledger.json goes up to ledger {applied}, further than ledger {last}, where --checkpoints {wanted} ends; \
             ask for more, or give another --into"
        ),
        None => format!(
            "ledger.json goes up to ledger {applied}, but the archive only to ledger {last}; \
             is it of the same archive? Give another --into, or remove it to begin anew"
        ),
    }
}

/// The root file.
struct Root;

impl Goods for Root {
    type Output = ArchiveState;

    fn file(&self) -> File {
        File::Root
    }

    fn check(&self, _: &App) -> Check<ArchiveState> {
        let file = self.file();
        Arc::new(move |bytes, _| {
            ArchiveState::read(bytes).map_err(|error| FetchError::Corrupt { file, error })
        })
    }
}

/// The state at the checkpoint to catch up to.
struct State {
    at: Checkpoint,
    /// The network of the root file.
    passphrase: String,
}

impl Goods for State {
    type Output = ArchiveState;

    fn file(&self) -> File {
        File::State(self.at)
    }

    fn check(&self, app: &App) -> Check<ArchiveState> {
        let (at, file) = (self.at, self.file());
        let list = app.chain.get(&at).map(|link| link.last.bucket_list);
        let passphrase = self.passphrase.clone();
        Arc::new(move |bytes, _| {
            ArchiveState::read(bytes)
                .and_then(|state| {
                    fits(&state, at, list.unwrap_or_default(), &passphrase)?;
                    Ok(state)
                })
                .map_err(|error| FetchError::Corrupt { file, error })
        })
    }

    fn deliver(&self, app: &mut App, state: &ArchiveState, _: bool) {
        app.target = Some(Arc::new(state.clone()));
    }
}

/// Whether the state is that of this checkpoint, with the bucket list that the checkpoint's last header has.
fn fits(state: &ArchiveState, at: Checkpoint, list: Hash, passphrase: &str) -> Result<(), Corrupt> {
    if state.checkpoint != at {
        let other = state.checkpoint;
        return Err(Corrupt::Format(format!("it is that of checkpoint {other}")));
    }
    if state.passphrase != passphrase {
        return Err(Corrupt::Format(format!(
            "it is of the network {:?}, the root file of {:?}",
            start(&state.passphrase),
            start(passphrase)
        )));
    }
    let what = format!(
        "the bucket list, as the header of ledger {} in {} has it",
        at.last(),
        File::Ledger(at).path()
    );
    Corrupt::unless_equal(what, list, state.bucket_list_hash())
}

/// Enough of a text to tell it from others.
fn start(text: &str) -> String {
    text.chars().take(100).collect()
}
