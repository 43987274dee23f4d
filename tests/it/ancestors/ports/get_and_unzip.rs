//! GetAndUnzipRemoteFileWork (237 lines): gets a file, renames it once it is whole, and unzips it.

use super::{Cx, File, Node, get_remote_file};
use crankwork::compose::{AttemptOutcome, WorkSequence, WorkWithCallback};
use crankwork::process::ProcessWork;
use crankwork::{Failure, Retry, Spec, Work};
use std::task::Poll;

pub fn spec(file: &File, archive: Option<&'static str>) -> Spec<Node, impl Work<Node> + use<>> {
    let (clean, get, rename, unzip, check, file) = (
        file.clone(),
        file.clone(),
        file.clone(),
        file.clone(),
        file.clone(),
        file.clone(),
    );
    let name = format!("get-and-unzip-remote-file {}", file.remote);
    let sequence = WorkSequence::new()
        .then_fn("clean", move |cx: &mut Cx<'_>| {
            let paths = [clean.local.clone(), clean.gz(), clean.tmp()];
            paths.iter().for_each(|path| drop(cx.app.disk.remove(path)));
            cx.app.came_from.remove(&clean.local);
            Poll::Ready(Ok(()))
        })
        .then(move || get_remote_file::spec(&get.remote, &get.tmp(), archive).retry(Retry::NEVER))
        .then_fn("rename", move |cx: &mut Cx<'_>| {
            match cx.app.disk.rename(&rename.tmp(), &rename.gz()) {
                true => Poll::Ready(Ok(())),
                false => Poll::Ready(Err(Failure::msg(".tmp file not found"))),
            }
        })
        .then(move || Spec::new("gunzip", ProcessWork::new("gunzip").arg(unzip.gz())))
        .then_fn("check", move |cx: &mut Cx<'_>| {
            match cx.app.disk.read(&check.local) {
                Some(_) => Poll::Ready(Ok(())),
                None => Poll::Ready(Err(Failure::msg(".nogz not found"))),
            }
        });
    let told = WorkWithCallback::after(sequence, move |cx: &mut Cx<'_>, outcome| {
        match (outcome, cx.app.came_from.get(&file.local)) {
            (AttemptOutcome::Success, _) => cx.app.downloaded.push(file.remote.clone()),
            // The archive is to blame if the file came, and is no good.
            (AttemptOutcome::Failed(_), Some(archive)) => {
                let line = format!("Archive {archive}: file {} is maybe corrupt", file.remote);
                cx.app.note(line);
            }
            _ => {}
        }
    });
    Spec::new(name, told).retry(Retry::A_LOT)
}
