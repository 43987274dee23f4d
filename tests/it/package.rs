//! What would be published.

use crate::sources::{read, root};
use std::process::Command;

/// The files beside the sources and the examples. Cargo makes the last three.
const BESIDE: [&str; 8] = [
    "CHANGELOG.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "Cargo.toml",
    "Cargo.toml.orig",
    "Cargo.lock",
    ".cargo_vcs_info.json",
];

/// The pages that a reader of the package sees as they are. Rustdoc checks the links of the others.
const PAGES: [&str; 2] = ["README.md", "CHANGELOG.md"];

/// Returns the paths of the package's files.
fn packaged() -> Vec<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["package", "--list", "--allow-dirty", "--offline"]);
    let output = cargo.current_dir(root()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo package --list: {errors}");
    let list = String::from_utf8(output.stdout).unwrap();
    list.lines().map(|path| path.replace('\\', "/")).collect()
}

/// Returns the targets of a page's links, without headings, but for those that name a site.
fn links(page: &str) -> Vec<&str> {
    let targets = page.split("](").skip(1);
    let targets = targets.filter_map(|rest| rest.split([')', '#']).next());
    let inside = targets.filter(|target| !target.is_empty() && !target.contains("://"));
    inside.collect()
}

/// Whether a link leads to a file of the package, or to a folder with such files.
fn leads_to(packaged: &[String], target: &str) -> bool {
    let rest = |path: &String| path.strip_prefix(target).map(str::to_owned);
    let mut rests = packaged.iter().filter_map(rest);
    rests.any(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[test]
fn the_package_has_the_sources_the_short_examples_and_their_papers() {
    let packaged = packaged();
    let is_code = |path: &str| path.starts_with("src/") || path.starts_with("examples/");
    let surplus = packaged.iter().filter(|path| {
        let belongs = is_code(path) || BESIDE.contains(&path.as_str());
        !belongs || path.starts_with("examples/catchup")
    });
    let surplus: Vec<_> = surplus.collect();
    assert!(surplus.is_empty(), "`include` lets these in: {surplus:?}");

    let needed = ["src/lib.rs", "src/laws.md", "examples/embed.rs"];
    for file in needed.into_iter().chain(BESIDE.into_iter().take(5)) {
        assert!(leads_to(&packaged, file), "`include` leaves out {file}");
    }
}

#[test]
fn every_link_of_a_packaged_page_is_good_in_the_package() {
    let packaged = packaged();
    let mut seen = 0;
    for page in PAGES {
        let text = read(page);
        for target in links(&text) {
            assert!(
                leads_to(&packaged, target),
                "{page} links to {target}, which is not in the package: name it without a link"
            );
            seen += 1;
        }
    }
    assert!(seen > 10, "the README links to the sources");
}

#[test]
fn a_link_out_of_the_package_would_be_found() {
    let page =
        "[a](src/lib.rs) [b](src/work) [c](tests/it#l1) [d](https://example.org/x) [e](#here)";
    assert_eq!(links(page), ["src/lib.rs", "src/work", "tests/it"]);
    let packaged = ["src/lib.rs".to_owned(), "src/work/mod.rs".to_owned()];
    assert!(leads_to(&packaged, "src/lib.rs") && leads_to(&packaged, "src/work"));
    assert!(!leads_to(&packaged, "src/wor") && !leads_to(&packaged, "tests/it"));
}
