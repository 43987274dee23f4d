//! A process under way. Its outputs are read, and an abort asks it to end before it kills it.

use super::{
    Captured, ChildProcess, CommandLine, Exit, Output, OutputStream, ProcessError, ProcessHost,
    Signal,
};
use crate::WorkContext;
use crate::time::Time;
use crate::work::Failure;
use std::fmt;
use std::io::{self, ErrorKind};
use std::task::Poll;
use std::time::Duration;

/// The process that a [`ProcessWork`](super::ProcessWork) has started.
pub(super) struct Running {
    pub child: Box<dyn ChildProcess>,
    pub command: CommandLine,
    limits: [Option<usize>; 2],
    pub captured: [Captured; 2],
    /// Whether the host's poll tells when there is something new. Otherwise the work looks now and then.
    watched: bool,
    #[cfg(all(unix, feature = "mio"))]
    sources: Vec<crate::Io<super::watched::Watched>>,
    /// The pause before the next look.
    pause: Duration,
    /// When the process is killed after it was asked to end; `None` before and afterwards.
    kill_at: Option<Time>,
    asked: bool,
}

/// The first pause between two looks without a descriptor. Each pause is twice the one before, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(64);

/// The bytes that one read takes. One turn makes at most `CHUNKS` reads of each output.
const CHUNK: usize = 16 << 10;
const CHUNKS: usize = 16;

impl Running {
    /// Starts a process.
    pub fn start<C: ProcessHost + ?Sized>(
        command: CommandLine,
        cx: &mut WorkContext<'_, C>,
    ) -> Result<Running, Failure> {
        let now = cx.now();
        let child = cx.app.processes().spawn(&command, now);
        let child = child.map_err(|error| {
            let command = command.to_string();
            Failure::new(ProcessError::Start { command, error })
        })?;
        let limit = |output: &Output| match output {
            Output::Capture(limit) => Some(*limit),
            _ => None,
        };
        let mut running = Running {
            child,
            limits: [limit(&command.stdout), limit(&command.stderr)],
            captured: Default::default(),
            command,
            watched: false,
            #[cfg(all(unix, feature = "mio"))]
            sources: Vec::new(),
            pause: FIRST_PAUSE,
            kill_at: None,
            asked: false,
        };
        running.watched = running.watch(cx);
        Ok(running)
    }

    /// Returns the failure of an attempt whose process cannot be watched.
    pub fn unwatchable(&self, error: io::Error) -> Failure {
        let command = self.command.to_string();
        Failure::new(ProcessError::Watch { command, error })
    }

    /// Registers the child's descriptors. Returns whether the host's poll will tell of news.
    #[cfg(all(unix, feature = "mio"))]
    fn watch<C: ?Sized>(&mut self, cx: &mut WorkContext<'_, C>) -> bool {
        let Ok(descriptors) = self.child.descriptors() else {
            return false;
        };
        for descriptor in descriptors {
            let source = super::watched::Watched(descriptor);
            let Ok(source) = cx.io().register(source, mio::Interest::READABLE) else {
                // No poll is attached, or it has no room, so the work has to look now and then.
                self.sources.clear();
                return false;
            };
            self.sources.push(source);
        }
        !self.sources.is_empty()
    }

    #[cfg(not(all(unix, feature = "mio")))]
    fn watch<C: ?Sized>(&mut self, _: &mut WorkContext<'_, C>) -> bool {
        false
    }

    /// Reads what the process has written, and returns how it ended, if it has.
    pub fn poll<C: ?Sized>(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<io::Result<Exit>> {
        let more = self.read()?;
        if let Some(exit) = self.child.try_wait(cx.now())? {
            // Reads the last output of the child, and does not wait for what other processes still write.
            while self.read()? {}
            return Poll::Ready(Ok(exit));
        }
        if more {
            return cx.yield_now();
        }
        if let Some(at) = self.child.due() {
            cx.wake_at(at);
        } else if !self.watched {
            cx.wake_after(self.pause);
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        }
        Poll::Pending
    }

    /// Asks the process to end, kills it when the grace is over, and waits until it has ended.
    pub fn poll_abort<C: ?Sized>(
        &mut self,
        grace: Duration,
        cx: &mut WorkContext<'_, C>,
    ) -> Poll<()> {
        let now = cx.now();
        if !self.asked {
            self.asked = true;
            self.pause = FIRST_PAUSE;
            self.kill_at = Some(now.saturating_add(grace));
            let _ = self.child.signal(Signal::Terminate, now);
        }
        if self.kill_at.is_some_and(|at| at <= now) {
            self.kill_at = None;
            let _ = self.child.signal(Signal::Kill, now);
        }
        if let Some(at) = self.kill_at {
            cx.wake_at(at);
        }
        // An error ends the wait too; the child is then killed by its drop.
        self.poll(cx).map(drop)
    }

    /// Reads the captured outputs. Returns whether there may be more.
    fn read(&mut self) -> io::Result<bool> {
        let mut more = false;
        for (n, from) in [OutputStream::Stdout, OutputStream::Stderr]
            .into_iter()
            .enumerate()
        {
            if let Some(limit) = self.limits[n] {
                more |= self.read_one(from, n, limit)?;
            }
        }
        Ok(more)
    }

    fn read_one(&mut self, from: OutputStream, n: usize, limit: usize) -> io::Result<bool> {
        let mut buffer = [0; CHUNK];
        for _ in 0..CHUNKS {
            match self.child.read(from, &mut buffer) {
                Ok(0) => {
                    self.limits[n] = None;
                    return Ok(false);
                }
                Ok(got) => self.captured[n].take_in(&buffer[..got], limit),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Running({})", self.child.id())
    }
}
