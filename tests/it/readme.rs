//! The README against the sources that it speaks of.

const README: &str = include_str!("../../README.md");

#[test]
fn the_three_loops_are_the_compiled_ones() {
    // Lines that begin with `# ` are hidden by rustdoc, and only by that.
    let loops = include_str!("../../src/loops.md").trim_end().lines();
    let shown: Vec<&str> = loops.filter(|line| !line.starts_with("# ")).collect();
    assert!(
        README.contains(&shown.join("\n")),
        "copy src/loops.md into README.md, section `Three loops`"
    );
}

#[test]
fn every_link_into_the_tree_leads_somewhere() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let targets = README
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|target| !target.contains("://"));
    let mut links = 0;
    for target in targets {
        let (file, heading) = target.split_once('#').unwrap_or((target, ""));
        assert!(root.join(file).exists(), "README links to {target}");
        if !heading.is_empty() {
            let text = crate::sources::read(file);
            let is_heading = |line: &str| line.to_lowercase() == format!("## {heading}");
            assert!(text.lines().any(is_heading), "README links to {target}");
        }
        links += 1;
    }
    assert!(links > 10);
}

#[test]
fn the_two_commands_are_those_of_the_continuous_integration() {
    let script = include_str!("../../.ci/run");
    for command in ["cargo run --release -p catchup", "cargo test"] {
        let fenced = format!("```sh\n{command}\n```");
        assert!(README.contains(&fenced), "README lost `{command}`");
        assert!(
            script.lines().any(|line| line == command),
            ".ci/run lost `{command}`"
        );
    }
}
