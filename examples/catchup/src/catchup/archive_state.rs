//! Finding out what to catch up to.
//!
//! The root file says how far the archive goes. No hash protects it, so it is believed no further than that: what the
//! last checkpoint's buckets are is said by that checkpoint's own state file, and the hash of its bucket list must stand
//! in the last ledger header.

use super::fetch::Check;
use super::headers::Headers;
use super::{App, Cx, Fetch, Goods, stage};
use crate::archive::{ArchiveState, Checkpoint, Corrupt, File};
use crankwork::{Failure, Handle, OnChildFailure, Retry, Spec, Work};
use std::sync::Arc;
use std::task::Poll;

/// More checkpoints than this are refused: each costs memory before it is downloaded, and nothing but the archive's word
/// says how many there are.
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
    /// The stage. Should the root file have been wrong, and nothing else, it is asked for again; but not after a failure
    /// for good.
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
        let headers = cx.spawn(Fetch::spec(Headers(target), cx.app))?;
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

/// The checkpoint to catch up to.
fn wanted(app: &App) -> Result<Checkpoint, Failure> {
    let held = match &app.root {
        Some(root) => root.checkpoint.index() + 1,
        None => return Err(Failure::msg("the archive's root file has not come")),
    };
    match app.settings.checkpoints {
        Some(wanted) if wanted > held => Err(Failure::fatal(format!(
            "the archive has {held} checkpoints, not {wanted}; ask for fewer with --checkpoints"
        ))),
        None if held > MOST_CHECKPOINTS => Err(Failure::fatal(format!(
            "the archive has {held} checkpoints, more than the {MOST_CHECKPOINTS} that are possible here; \
             ask for fewer with --checkpoints"
        ))),
        wanted => Ok(Checkpoint::nth(wanted.unwrap_or(held) - 1)),
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
        Arc::new(ArchiveState::parse)
    }

    fn deliver(&self, app: &mut App, state: ArchiveState) {
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
        let at = self.0;
        let last = app.headers_of(at).last().map(|header| header.bucket_list);
        let passphrase = app.root.as_ref().map(|root| root.passphrase.clone());
        Arc::new(move |bytes| {
            let state = ArchiveState::parse(bytes)?;
            if state.checkpoint != at {
                let other = state.checkpoint;
                return Err(Corrupt::Format(format!("it is that of checkpoint {other}")));
            }
            if Some(&state.passphrase) != passphrase.as_ref() {
                return Err(Corrupt::Format(format!(
                    "it is of the network {:?}, the root file of {passphrase:?}",
                    state.passphrase
                )));
            }
            let what = format!(
                "the bucket list, as the header of ledger {} has it",
                at.last()
            );
            Corrupt::unless_equal(what, last.unwrap_or_default(), state.bucket_list_hash())?;
            Ok(state)
        })
    }

    fn deliver(&self, app: &mut App, state: ArchiveState) {
        app.target = Some(Arc::new(state));
    }
}
