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
use crankwork::{Failure, Handle, OnChildFailure, Retry, Spec, Work};
use std::sync::Arc;
use std::task::Poll;

/// More checkpoints than this are refused: each costs memory before it is downloaded, and nothing but the archive's
/// word says how many there are.
const MOST_CHECKPOINTS: u32 = 1 << 16;

/// The stage: three files, one after the other.
#[derive(Default)]
pub struct FindState {
    begun: Option<Begun>,
}

struct Begun {
    root: Handle<()>,
    rest: Option<Handle<()>>,
}

impl FindState {
    /// The stage. Should the root file have been wrong, and nothing else, it is asked for again; but not after a
    /// failure for good.
    pub fn spec() -> Spec<App, super::Metered<FindState>> {
        stage("archive state", FindState::default())
            .on_child_failure(OnChildFailure::Collect)
            .retry(Retry::ONCE)
    }
}

impl Work<App> for FindState {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        let Some(begun) = &mut self.begun else {
            let root = cx.spawn(Fetch::spec(Root, cx.app))?;
            self.begun = Some(Begun { root, rest: None });
            return Poll::Pending;
        };
        if let Some((_, failure)) = &cx.app.first_failure {
            return Poll::Ready(Err(failure.clone()));
        }
        if begun.rest.is_some() {
            return Poll::Ready(Ok(()));
        }
        if cx.state(begun.root).is_none_or(|state| !state.is_settled()) {
            return Poll::Pending;
        }
        let target = wanted(cx.app)?;
        let headers = cx.spawn(Fetch::spec(Headers::anew(target), cx.app))?;
        let state = Fetch::spec(State(target), cx.app).after(headers);
        begun.rest = Some(cx.spawn(state)?);
        Poll::Ready(Ok(()))
    }

    fn on_reset(&mut self, cx: &mut Cx<'_>) {
        self.begun = None;
        cx.app.stages = Default::default();
        cx.app.first_failure = None;
    }
}

/// The checkpoint to catch up to. What has been applied must not be beyond it.
fn wanted(app: &App) -> Result<Checkpoint, Failure> {
    let held = match &app.root {
        Some(root) => root.checkpoint.index() + 1,
        None => return Err(Failure::msg("the archive's root file has not come")),
    };
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

    fn deliver(&self, app: &mut App, state: ArchiveState, _: bool) {
        app.root = Some(Arc::new(state));
    }
}

/// The state at the checkpoint to catch up to.
struct State(Checkpoint);

impl Goods for State {
    type Output = ArchiveState;

    fn file(&self) -> File {
        File::State(self.0)
    }

    fn check(&self, app: &App) -> Check<ArchiveState> {
        let (at, file) = (self.0, self.file());
        let list = app.chain.get(&at).map(|link| link.last.bucket_list);
        let passphrase = app.root.as_ref().map(|root| root.passphrase.clone());
        Arc::new(move |bytes, _| {
            ArchiveState::read(bytes)
                .and_then(|state| {
                    fits(&state, at, list.unwrap_or_default(), passphrase.as_deref())?;
                    Ok(state)
                })
                .map_err(|error| FetchError::Corrupt { file, error })
        })
    }

    fn deliver(&self, app: &mut App, state: ArchiveState, _: bool) {
        app.target = Some(Arc::new(state));
    }
}

/// Whether the state is that of this checkpoint, with the bucket list that the checkpoint's last header has.
fn fits(
    state: &ArchiveState,
    at: Checkpoint,
    list: Hash,
    passphrase: Option<&str>,
) -> Result<(), Corrupt> {
    if state.checkpoint != at {
        let other = state.checkpoint;
        return Err(Corrupt::Format(format!("it is that of checkpoint {other}")));
    }
    if Some(state.passphrase.as_str()) != passphrase {
        return Err(Corrupt::Format(format!(
            "it is of the network {:?}, the root file of {:?}",
            start(&state.passphrase),
            start(passphrase.unwrap_or_default())
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
