//! The contenders of other crates, each written as its documentation says.

pub mod async_executor;
pub mod futures;
pub mod shuttle;
pub mod stakker;
pub mod tokio;

use std::future::poll_fn;
use std::task::Poll;

/// Pending once, and awake again at once.
pub async fn yield_once() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
