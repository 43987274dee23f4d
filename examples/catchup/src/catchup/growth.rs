//! How much of what comes is in memory: bodies up to a size come side by side, larger ones one after the other. So the
//! memory that is needed does not depend on how much a server sends at once.

use super::{App, Cx};
use crankwork::WorkId;
use std::time::Duration;

/// What bodies that come side by side have together at most, in bytes.
const TOGETHER: usize = 32 << 20;

/// How long a body waits before it looks again whether it may grow.
const PAUSE: Duration = Duration::from_millis(20);

/// Whether a body of so many bytes may grow further; if not, the work will be woken to ask again.
pub fn may_grow(cx: &mut Cx<'_>, bytes: usize) -> bool {
    if bytes < TOGETHER / cx.app.settings.slots.max(1) {
        return true;
    }
    let me = cx.id();
    let taken = match cx.app.growing {
        Some(other) if other != me => cx.state(other).is_some_and(|state| !state.is_settled()),
        _ => false,
    };
    match taken {
        true => cx.wake_after(PAUSE),
        false => cx.app.growing = Some(me),
    }
    !taken
}

/// The body of this work is no more in memory.
pub fn end(app: &mut App, work: WorkId) {
    if app.growing == Some(work) {
        app.growing = None;
    }
}
