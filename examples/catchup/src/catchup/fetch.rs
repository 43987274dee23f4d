//! One download: from the disk if an earlier run has left it there, else from the archive; unpacked, checked, kept.

use super::kept::{Check, Kept};
use super::{App, Cx, FetchError, Settings, Stage, growth, idle};
use crate::archive::File;
use crate::http::{self, Answer, Exchange, HttpError};
use crate::net::Bytes;
use crankwork::{Failure, Name, Spec, StatusContext, Ticket, Work};
use std::fmt;
use std::io;
use std::task::{Poll, ready};

/// What is downloaded, and what it is good for.
pub trait Goods: 'static {
    /// What the file says.
    type Output: Send + 'static;

    /// Which file.
    fn file(&self) -> File;

    /// Whether what an earlier run has kept of it will do. Files without a hash of their own are not kept.
    fn may_be_kept(&self) -> bool {
        self.file().is_packed()
    }

    /// How to read and check it; asked at the beginning of an attempt.
    fn check(&self, app: &App) -> Check<Self::Output>;

    /// Takes what the others need to know of what the file says, and whether an earlier run had kept it.
    fn deliver(&self, app: &mut App, output: &Self::Output, kept: bool) {
        let _ = (app, output, kept);
    }
}

/// The work that downloads a file, and returns what the file says.
pub struct Fetch<G: Goods> {
    goods: G,
    step: Step<G::Output>,
}

enum Step<T> {
    Begin,
    /// Looking on the disk.
    Look(Ticket<Result<Option<T>, FetchError>>),
    Ask(Box<Asking>),
    Check(Checking<T>),
}

/// What has come is being checked.
struct Checking<T> {
    ticket: Ticket<Result<T, FetchError>>,
    /// The connection, if it can be used again: once what came over it turns out to be right.
    stream: Option<Box<dyn Bytes>>,
    /// As in [`Asking`].
    reused: bool,
}

struct Asking {
    exchange: Exchange,
    /// Whether the connection has answered before: then it may be closed by now without anybody's fault, and what comes
    /// over it may belong to an answer before.
    reused: bool,
}

impl<G: Goods> Fetch<G> {
    /// The work and its terms: one permit, retries and limits as the settings say.
    pub fn spec(goods: G, settings: &Settings) -> Spec<App, Fetch<G>> {
        let file = goods.file();
        let name = Name::from(file.to_string());
        let known = name.clone();
        let fetch = Fetch {
            goods,
            step: Step::Begin,
        };
        Spec::new(name, fetch)
            .retry(settings.retry)
            .attempt_timeout(settings.attempt_limit)
            .on_settled(move |app: &mut App, _, outcome| {
                app.note_outcome(&known, &FetchError::named(file, outcome));
            })
    }

    fn file(&self) -> File {
        self.goods.file()
    }

    /// What lies on the disk is tried once.
    fn begin(&mut self, cx: &mut Cx<'_>) -> Result<(), FetchError> {
        if cx.attempt() > 1 || !self.goods.may_be_kept() {
            return self.ask(cx);
        }
        let (file, check, kept) = (self.file(), self.goods.check(cx.app), Kept::new(cx));
        self.step = Step::Look(cx.offload(move || kept.look(file, &check)));
        Ok(())
    }

    fn ask(&mut self, cx: &mut Cx<'_>) -> Result<(), FetchError> {
        cx.app.tally.attempts += 1;
        // A retry has a connection of its own: what was wrong with one that is kept open may be wrong with all of them.
        let idle = match cx.attempt() {
            1 => idle::take(cx),
            _ => None,
        };
        match idle {
            Some(stream) => {
                self.ask_over(cx, stream, true);
                Ok(())
            }
            None => self.ask_anew(cx),
        }
    }

    fn ask_anew(&mut self, cx: &mut Cx<'_>) -> Result<(), FetchError> {
        let connected = cx.app.network.connect(cx.now());
        let stream = connected.map_err(|error| self.http_error(error.into()))?;
        self.ask_over(cx, stream, false);
        Ok(())
    }

    fn ask_over(&mut self, cx: &mut Cx<'_>, stream: Box<dyn Bytes>, reused: bool) {
        let settings = &cx.app.settings;
        let path = format!("{}/{}", settings.base, self.file().path());
        let request = http::get(&settings.host, &path);
        let limit = self.file().limits().packed;
        let exchange = Exchange::new(stream, request, limit, settings.patience, cx.now());
        self.step = Step::Ask(Box::new(Asking { exchange, reused }));
    }

    /// What came of asking.
    fn asked(
        &mut self,
        cx: &mut Cx<'_>,
        result: Result<Answer, HttpError>,
        received: usize,
        reused: bool,
    ) -> Result<(), FetchError> {
        cx.app.tally.bytes += received as u64;
        match result {
            Ok(answer) => {
                self.answered(cx, answer, reused);
                Ok(())
            }
            Err(HttpError::Closed { .. } | HttpError::Io(_)) if reused && received == 0 => {
                self.ask_again(cx)
            }
            Err(error) if reused && !error.may_pass() => self.ask_again(cx),
            Err(HttpError::Io(error))
                if error.kind() == io::ErrorKind::ConnectionRefused
                    && self.file() == File::Root =>
            {
                let host = cx.app.settings.host.clone();
                Err(FetchError::NoServer { host, error })
            }
            Err(error) => Err(self.http_error(error)),
        }
    }

    /// Asks over a new connection in the same attempt. Nothing that is for good is believed of a connection that was
    /// kept open: it may have been closed since, or still be sending what nobody has asked for.
    fn ask_again(&mut self, cx: &mut Cx<'_>) -> Result<(), FetchError> {
        // Others that were kept open are likely to be no better.
        cx.app.idle.clear();
        self.ask_anew(cx)
    }

    fn answered(&mut self, cx: &mut Cx<'_>, answer: Answer, reused: bool) {
        let (file, check, kept) = (self.file(), self.goods.check(cx.app), Kept::new(cx));
        let Answer { body, stream } = answer;
        let ticket = cx.offload(move || kept.keep(file, &body, &check));
        self.step = Step::Check(Checking {
            ticket,
            stream,
            reused,
        });
    }

    fn http_error(&self, error: HttpError) -> FetchError {
        let file = self.file();
        FetchError::Http { file, error }
    }

    fn deliver(&mut self, cx: &mut Cx<'_>, output: G::Output, kept: bool) -> G::Output {
        growth::end(cx.app, cx.id());
        self.goods.deliver(cx.app, &output, kept);
        if let Some(stage) = Stage::of(self.file()) {
            cx.app.stage(stage).done += 1;
        }
        output
    }
}

impl<G: Goods> Work<App, G::Output> for Fetch<G> {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<G::Output, Failure>> {
        loop {
            let step = match &mut self.step {
                Step::Begin => self.begin(cx),
                Step::Look(ticket) => match ready!(ticket.poll(cx))? {
                    Ok(Some(output)) => {
                        cx.app.tally.kept += 1;
                        return Poll::Ready(Ok(self.deliver(cx, output, true)));
                    }
                    Ok(None) => self.ask(cx),
                    Err(error) => Err(error),
                },
                Step::Ask(asking) => {
                    if !growth::may_grow(cx, asking.exchange.body_progress().0) {
                        return Poll::Pending;
                    }
                    let result = ready!(asking.exchange.poll(cx));
                    let (received, reused) = (asking.exchange.received(), asking.reused);
                    self.asked(cx, result, received, reused)
                }
                Step::Check(checking) => match ready!(checking.ticket.poll(cx))? {
                    Ok(output) => {
                        cx.app.tally.files += 1;
                        idle::put(cx, checking.stream.take());
                        return Poll::Ready(Ok(self.deliver(cx, output, false)));
                    }
                    Err(FetchError::Corrupt { error, .. })
                        if checking.reused && !error.may_pass() =>
                    {
                        self.ask_again(cx)
                    }
                    Err(error) => Err(error),
                },
            };
            if let Err(error) = step {
                return Poll::Ready(Err(error.into_failure()));
            }
        }
    }

    fn on_reset(&mut self, cx: &mut Cx<'_>) {
        growth::end(cx.app, cx.id());
        self.step = Step::Begin;
    }

    fn on_failure_retry(&mut self, cx: &mut Cx<'_>) {
        cx.app.tally.retries += 1;
    }

    fn status(&self, _: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.step {
            Step::Begin => Ok(()),
            Step::Look(_) => f.write_str("looking on the disk"),
            Step::Ask(asking) => match asking.exchange.body_progress() {
                (0, None) => f.write_str("asking"),
                (come, None) => write!(f, "receiving, {come} bytes so far"),
                (come, Some(all)) => write!(f, "receiving, {come} of {all} bytes"),
            },
            Step::Check(_) => f.write_str("checking"),
        }
    }
}
