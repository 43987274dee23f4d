//! GetRemoteFileWork (102 lines): gets a file of an archive; without a given one, of a random archive in each attempt.

use super::{Cx, Node};
use crankwork::compose::{AttemptOutcome, WorkWithCallback};
use crankwork::process::{CommandLine, ProcessOutput, ProcessWork};
use crankwork::{Retry, Spec, Work};

pub fn spec(
    remote: &str,
    local: &str,
    archive: Option<&'static str>,
) -> Spec<Node, impl Work<Node, ProcessOutput> + use<>> {
    let name = format!("get-remote-file {remote}");
    let (from, to) = (remote.to_owned(), local.to_owned());
    let curl = ProcessWork::of(move |cx: &mut Cx<'_>| {
        cx.app.disk.remove(&to);
        let among = cx.app.archives.len() as u64;
        let drawn = cx.rng().below(among) as usize;
        let archive = archive.unwrap_or(cx.app.archives[drawn]);
        cx.app.asked.insert(to.clone(), archive);
        let args = vec![format!("{archive}/{from}").into(), to.clone().into()];
        Ok(CommandLine {
            args,
            ..CommandLine::new("curl")
        })
    });
    let (remote, local) = (remote.to_owned(), local.to_owned());
    let told = WorkWithCallback::after(curl, move |cx: &mut Cx<'_>, outcome| {
        let archive = cx.app.asked.get(&local).copied().unwrap_or_default();
        match outcome {
            AttemptOutcome::Success => {
                cx.app.bytes += cx.app.disk.read(&local).map_or(0, |text| text.len());
                cx.app
                    .came_from
                    .insert(local.replace(".gz.tmp", ""), archive);
            }
            AttemptOutcome::Failed(_) => {
                cx.app.failures += 1;
                cx.app
                    .note(format!("archive {archive} maybe missing file {remote}"));
            }
            AttemptOutcome::Retry(_) | AttemptOutcome::Cancelled => {}
        }
    });
    Spec::new(name, told).retry(Retry::A_LOT)
}
