//! A real run: an archive's server, real or built in, sockets and a folder.

use super::{Args, CHECKPOINTS, Problem, Source, Url, failed, faults, report, settings};
use crate::archive::Hash;
use crate::catchup::Settings;
use crate::maker;
use crate::report::{Costs, Summary, count, peak_memory, watch};
use crate::run::{Ended, Interrupt, Real};
use crate::server::{Listener, Responder, Shelf};
use crate::store::{self, Folder};
use cpu_time::ProcessTime;
use crankwork::{Backoff, Retry};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// Where the archive comes from in this run.
struct Archive {
    settings: Settings,
    server: SocketAddr,
    /// The hash that the last header must have, if it is known.
    expected: Option<Hash>,
    /// Serves until it is dropped.
    _listener: Option<Listener>,
}

/// Runs what the options say.
pub fn run(args: &Args, source: &Source) -> Result<(), Problem> {
    let interrupt = Interrupt::default();
    interrupt
        .on_signals()
        .map_err(|error| failed(format!("cannot listen for Ctrl-C: {error}")))?;
    let temporary = TempDir::with_prefix("catchup-")
        .map_err(|error| failed(format!("cannot make a temporary folder: {error}")))?;
    interrupt.set_temporary(temporary.path().to_owned());
    let archive = archive(args, source, temporary.path())?;
    let into = match &args.into {
        Some(folder) => folder.clone(),
        None => temporary.path().join("into"),
    };
    let disk = Arc::new(Folder::open(&into).map_err(failed)?);
    let ledger = store::saved_ledger(&*disk)
        .map_err(|error| failed(format!("in {}: {error}", into.display())))?;
    let real = Real {
        settings: archive.settings,
        server: archive.server,
        disk,
        ledger,
        seed: args.seed,
    };
    let begun = ProcessTime::now();
    let mut watch = watch(args.quiet, &interrupt);
    let mut ended = real.run(&mut *watch, &interrupt).map_err(failed)?;
    drop(watch);
    let costs = Costs {
        process: begun.elapsed(),
        engine: ended.cranks.cpu.saturating_sub(ended.cranks.in_works),
    };
    let interrupted = interrupt.is_raised() && !ended.complete;
    if !interrupted {
        check_hash(&mut ended, archive.expected);
    }
    let summary = Summary {
        interrupted,
        costs: Some(costs),
        kept: Some(kept(args.into.as_ref(), &ended, interrupted)),
        peak_memory: peak_memory(),
        events: None,
        ended,
    };
    report(args, &summary)
}

/// Fails a run that ended well with another hash than the one that was made.
fn check_hash(ended: &mut Ended, expected: Option<Hash>) {
    let wrong = expected.filter(|expected| ended.failure.is_none() && ended.hash != *expected);
    if let Some(expected) = wrong {
        let hash = ended.hash;
        ended.failure = Some(format!(
            "the last header's hash is {hash}, but {expected} was made"
        ));
    }
}

/// Makes and serves the archive, or finds its server.
fn archive(args: &Args, source: &Source, temporary: &Path) -> Result<Archive, Problem> {
    let mut settings = settings(args);
    settings.measure = true;
    match source {
        Source::Http(url) => far_away(settings, url),
        Source::Folder(folder) => serve(args, source, settings, folder, None),
        Source::Made => {
            let made = maker::make(args.checkpoints.unwrap_or(CHECKPOINTS), args.seed);
            let folder = temporary.join("archive");
            maker::write(&made.files, &folder).map_err(|error| {
                failed(format!(
                    "cannot write the archive to {}: {error}",
                    folder.display()
                ))
            })?;
            serve(args, source, settings, &folder, Some(made.last_hash))
        }
    }
}

/// Finds the server of an archive on another machine.
fn far_away(mut settings: Settings, url: &Url) -> Result<Archive, Problem> {
    let server = url.address().map_err(failed)?;
    settings.host = url.host.clone();
    settings.base = url.base.clone();
    // Far away, answers take longer, and a server in trouble should be left alone for longer.
    settings.retry = Retry::A_FEW.with_backoff(Backoff::exponential());
    settings.patience = Duration::from_secs(10);
    Ok(Archive {
        settings,
        server,
        expected: None,
        _listener: None,
    })
}

/// Serves the archive in a folder.
fn serve(
    args: &Args,
    source: &Source,
    mut settings: Settings,
    folder: &Path,
    expected: Option<Hash>,
) -> Result<Archive, Problem> {
    let faults = faults(args, Duration::ZERO);
    settings.patience += 2 * faults.latency;
    let responder = Responder::new(Shelf::Folder(folder.to_owned()), faults);
    let port = args.port.unwrap_or(0);
    let listener = Listener::start(port, responder).map_err(|error| {
        failed(format!(
            "cannot listen on port {port} of this machine: {error}"
        ))
    })?;
    let server = listener.address();
    settings.host = server.to_string();
    if !args.quiet {
        announce(args, source, folder, server);
    }
    Ok(Archive {
        settings,
        server,
        expected,
        _listener: Some(listener),
    })
}

/// Says what is going to happen.
fn announce(args: &Args, source: &Source, folder: &Path, server: SocketAddr) {
    let folder = folder.display();
    let archive = match source {
        Source::Made => format!(
            "Made an archive of {} checkpoints in {folder}",
            args.checkpoints.unwrap_or(CHECKPOINTS)
        ),
        _ => format!("The archive in {folder}"),
    };
    // Should nobody read it, the catch-up goes on all the same.
    let _ = writeln!(
        std::io::stderr(),
        "{archive}, served on http://{server}; catching up from it, {} downloads at once",
        args.slots
    );
}

/// What is left on the disk.
fn kept(into: Option<&PathBuf>, ended: &Ended, interrupted: bool) -> String {
    let Some(folder) = into else {
        return String::from(
            "nothing; with --into DIR a later run goes on from what has been verified and applied",
        );
    };
    let folder = folder.display();
    match interrupted || ended.failure.is_some() {
        false => format!("in {folder}"),
        true => format!(
            "in {folder}, up to ledger {}; the same command goes on from there",
            count(ended.recorded.into())
        ),
    }
}
