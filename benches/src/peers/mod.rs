//! The same work on other crates, each as its documentation says it is done.

pub mod async_executor;
pub mod futures;
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
