//! Runs a future as a work.

use crate::{Failure, Work, WorkContext};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Hosts a future: `async` code without a runtime.
///
/// The first turn of each attempt calls `make`, and each turn polls the future. Its waker is a
/// [`RemoteWaker`](crate::RemoteWaker), so any thread may wake it. The future need not be `Send`. A cancel or limit
/// drops it. A future that returns `Pending` and keeps no waker fails as a lost wake.
///
/// A future outlives the turn, so it cannot borrow the application. Give it what it needs, and let it return what it
/// found. Timers of other runtimes do not know virtual time.
///
/// ```
/// use crankwork::compose::FutureWork;
/// use crankwork::{Spec, VirtualDriver, WorkScheduler};
/// use std::cell::RefCell;
/// use std::future::poll_fn;
/// use std::rc::Rc;
/// use std::task::{Poll, Waker, ready};
/// use std::time::Duration;
///
/// #[derive(Default)]
/// struct Mailbox {
///     letter: Option<u32>,
///     reader: Option<Waker>,
/// }
///
/// async fn read(mailbox: &RefCell<Mailbox>) -> u32 {
///     poll_fn(|cx| {
///         let mut mailbox = mailbox.borrow_mut();
///         mailbox.reader = Some(cx.waker().clone());
///         mailbox.letter.take().map_or(Poll::Pending, Poll::Ready)
///     })
///     .await
/// }
///
/// let mut s = WorkScheduler::<()>::new(Default::default());
/// let mailbox = Rc::new(RefCell::new(Mailbox::default()));
/// let reader = mailbox.clone();
/// let future = FutureWork::new(move || {
///     let mailbox = reader.clone();
///     async move { Ok(read(&mailbox).await + read(&mailbox).await) }
/// });
/// let sum = s.add(Spec::new("read two letters", future))?;
/// let mut letters = 1..=2;
/// s.add_fn("postman", move |cx| {
///     while !letters.is_empty() {
///         ready!(cx.sleep(Duration::from_secs(1)));
///         let mut mailbox = mailbox.borrow_mut();
///         mailbox.letter = letters.next();
///         mailbox.reader.take().map(Waker::wake);
///     }
///     Poll::Ready(Ok(()))
/// })?;
/// s.run_until_done(&mut (), &mut VirtualDriver::new())?;
/// assert_eq!(s.take(sum), Some(3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FutureWork<F, Fut> {
    make: F,
    future: Option<Pin<Box<Fut>>>,
}

impl<F, Fut> FutureWork<F, Fut> {
    /// Makes a work that runs the future of `make`, a new one in each attempt.
    pub fn new<T>(make: F) -> Self
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, Failure>>,
    {
        FutureWork { make, future: None }
    }
}

impl<C, T, F, Fut> Work<C, T> for FutureWork<F, Fut>
where
    C: ?Sized,
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, Failure>>,
{
    fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<T, Failure>> {
        // This waker is dropped: the future may sleep only if it has kept a clone.
        let waker = Waker::from(cx.remote_waker());
        let make = &mut self.make;
        let future = self.future.get_or_insert_with(|| Box::pin(make()));
        let result = future.as_mut().poll(&mut Context::from_waker(&waker));
        if result.is_ready() {
            self.future = None;
        }
        result
    }

    fn on_abort(&mut self, _: &mut WorkContext<'_, C>) -> Poll<()> {
        self.future = None;
        Poll::Ready(())
    }

    fn on_reset(&mut self, _: &mut WorkContext<'_, C>) {
        self.future = None;
    }
}

impl<F, Fut> fmt::Debug for FutureWork<F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FutureWork")
            .field("under_way", &self.future.is_some())
            .finish_non_exhaustive()
    }
}
