//! How do the same works run against real services and against simulated ones?
//!
//! ```text
//! cargo run --example services
//! ```
//!
//! The application type may be a trait: `WorkScheduler<dyn Services>`. The host lends any implementation of it to each
//! crank.

use crankwork::{
    Failure, Handle, ParkDriver, Retry, Spec, VirtualDriver, WorkContext, WorkScheduler,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::task::{Poll, ready};
use std::time::Duration;

/// The services that the node's works need.
trait Services {
    fn save(&mut self, name: &str, text: &str) -> std::io::Result<()>;
    fn load(&mut self, name: &str) -> std::io::Result<String>;
}

/// Files in a folder.
struct Files(PathBuf);

impl Services for Files {
    fn save(&mut self, name: &str, text: &str) -> std::io::Result<()> {
        fs::write(self.0.join(name), text)
    }

    fn load(&mut self, name: &str) -> std::io::Result<String> {
        fs::read_to_string(self.0.join(name))
    }
}

/// A disk that is full for its first two writes.
#[derive(Default)]
struct FullDisk {
    files: BTreeMap<String, String>,
    tries: u32,
}

impl Services for FullDisk {
    fn save(&mut self, name: &str, text: &str) -> std::io::Result<()> {
        self.tries += 1;
        if self.tries < 3 {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.files.insert(name.to_owned(), text.to_owned());
        Ok(())
    }

    fn load(&mut self, name: &str) -> std::io::Result<String> {
        let text = self.files.get(name).cloned();
        text.ok_or_else(|| std::io::ErrorKind::NotFound.into())
    }
}

type Cx<'a> = WorkContext<'a, dyn Services>;

/// Makes two works that do not know which services they run with.
fn node() -> Result<(WorkScheduler<dyn Services>, Handle<usize>), crankwork::AddError> {
    let mut work = WorkScheduler::<dyn Services>::new(Default::default());
    let save = |cx: &mut Cx<'_>| {
        cx.app.save("ledger-63", "closed")?;
        Poll::Ready(Ok::<_, Failure>(()))
    };
    let save = work.add(Spec::new("save", save).retry(Retry::A_FEW))?;
    let verify = |cx: &mut Cx<'_>| {
        ready!(cx.sleep(Duration::from_millis(5)));
        Poll::Ready(Ok(cx.app.load("ledger-63")?.len()))
    };
    let verify = work.add(Spec::new("verify", verify).after(save))?;
    Ok((work, verify))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("crankwork-services-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let (mut work, verify) = node()?;
    let outcome = work.run_until_done(&mut Files(folder.clone()), &mut ParkDriver::new());
    fs::remove_dir_all(&folder)?;
    outcome?;
    println!("real files: {:?} bytes verified", work.take(verify));

    let (mut work, verify) = node()?;
    let (mut disk, mut driver) = (FullDisk::default(), VirtualDriver::new());
    work.run_until_done(&mut disk, &mut driver)?;
    println!(
        "a simulated full disk: {:?} bytes verified after {} tries, at {}",
        work.take(verify),
        disk.tries,
        driver.now()
    );
    Ok(())
}
