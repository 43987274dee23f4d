//! The page of the laws: each law is there once, with all of its tests; and whatever names a law names one of the page.

use crate::sources::{files, read, tests};
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::process::Command;

const LAWS: u32 = 35;

/// The page's lines are no longer.
const WIDTH: usize = 120;

const RUN_ONE: &str = "cargo test --test it -- l17_";

/// Read when the test runs: to write the page is not to build the tests.
fn page() -> String {
    read("src/laws.md")
}

/// The number of the law that a test is for: `module::l07_..` is for 7.
fn law_of(test: &str) -> Option<u32> {
    let name = test.rsplit("::").next()?;
    let (number, _) = name.strip_prefix('l')?.split_once('_')?;
    number.parse().ok()
}

/// For each law its tests, counted by what their paths begin with up to the law's number: `module::l07_`.
fn tests_by_law(tests: &BTreeSet<String>) -> BTreeMap<u32, BTreeMap<String, usize>> {
    let mut laws: BTreeMap<u32, BTreeMap<String, usize>> = BTreeMap::new();
    for test in tests {
        let Some(law) = law_of(test) else { continue };
        let name = test.rfind("::l").map_or(0, |colons| colons + "::".len());
        let number = test[name..].find('_').unwrap() + "_".len();
        let start = test[..name + number].to_owned();
        *laws.entry(law).or_default().entry(start).or_default() += 1;
    }
    laws
}

/// The paragraph in which a law names its tests.
fn paragraph(tests: &BTreeMap<String, usize>) -> String {
    let mut lines = vec!["Tests:".to_owned()];
    for (start, count) in tests {
        let entry = format!("`{start}` ({count}),");
        let line = lines.last_mut().unwrap();
        match line.len() + 1 + entry.len() {
            0..=WIDTH => *line += &format!(" {entry}"),
            _ => lines.push(entry),
        }
    }
    lines.join("\n").trim_end_matches(',').to_owned()
}

/// The laws of a page in its order: `## L7`, and what stands below it in paragraphs.
fn laws_on(page: &str) -> Vec<(u32, Vec<&str>)> {
    let sections = page.split("\n## L").skip(1);
    sections
        .map(|section| {
            let (number, rest) = section.split_once('\n').unwrap_or((section, ""));
            let number = number.parse();
            let number = number.expect("below `## L` and a number stands a law");
            let text = rest.split("\n# ").next().unwrap_or_default();
            let paragraphs = text.split("\n\n").map(str::trim);
            (number, paragraphs.filter(|part| !part.is_empty()).collect())
        })
        .collect()
}

/// Returns the faults of a page of this many laws, if these are all tests.
fn faults(page: &str, laws: u32, tests: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    let on_page = laws_on(page);
    let by_law = tests_by_law(tests);
    for law in 1..=laws {
        let times = on_page.iter().filter(|(number, _)| *number == law).count();
        if times != 1 {
            faults.push(format!("L{law} is there {times} times, and not once"));
        }
    }
    for (law, starts) in &by_law {
        let end = format!("l{law:02}_");
        let misnamed = starts.keys().filter(|start| !start.ends_with(&end));
        faults.extend(misnamed.map(|start| format!("`{start}`: name the test {end}..")));
        if !on_page.iter().any(|(number, _)| number == law) {
            faults.push(format!("tests begin with {end}, but there is no L{law}"));
        }
    }
    for (law, paragraphs) in on_page {
        if !(1..=laws).contains(&law) {
            faults.push(format!("L{law} is none of the {laws} laws"));
        }
        let Some(expected) = by_law.get(&law).map(paragraph) else {
            faults.push(format!("L{law}: no test begins with l{law:02}_"));
            continue;
        };
        match paragraphs.split_last() {
            Some((last, text)) if *last == expected && !text.is_empty() => {}
            Some((last, [])) if *last == expected => faults.push(format!("L{law} says nothing")),
            _ => faults.push(format!("L{law} is to end with\n\n{expected}")),
        }
    }
    faults
}

#[test]
fn every_law_is_on_the_page_once_with_all_its_tests() {
    let faults = faults(&page(), LAWS, &tests());
    let wrong = faults.len();
    let faults = faults.join("\n\n");
    assert!(wrong == 0, "{wrong} in src/laws.md:\n\n{faults}\n");
}

#[test]
fn a_faulty_page_is_found() {
    let tests = ["a::l01_x", "a::l01_y", "b::c::l02_z", "b::later"];
    let tests: BTreeSet<String> = tests.map(str::to_owned).into();
    let good = "Laws\n\n# Order\n\n## L1\n\nFirst.\n\nTests: `a::l01_` (2)\n\n# Graph\n\n## L2\n\nNext.\n\nTests: `b::c::l02_` (1)\n";
    assert_eq!(faults(good, 2, &tests), [""; 0]);
    let pages = [
        ("## L1\n", "## L2\n", "L1 is there 0 times"),
        ("## L1\n", "## L2\n", "L2 is there 2 times"),
        ("(2)", "(1)", "L1 is to end with\n\nTests: `a::l01_` (2)"),
        (
            "\n\nTests: `b::c::l02_` (1)",
            "",
            "L2 is to end with\n\nTests: `b::c::l02_` (1)",
        ),
        ("Next.\n\n", "", "L2 says nothing"),
    ];
    let found = |page: &str, laws: u32, tests: &BTreeSet<String>, fault: &str| {
        let faults = faults(page, laws, tests);
        let is_found = faults.iter().any(|found| found.contains(fault));
        assert!(is_found, "{fault}: {faults:?}");
    };
    for (from, to, fault) in pages {
        found(&good.replace(from, to), 2, &tests, fault);
    }
    found(good, 3, &tests, "L3 is there 0 times");
    let longer = format!("{good}\n## L3\n\nMore.\n");
    found(&longer, 3, &tests, "L3: no test begins with l03_");
    found(&longer, 2, &tests, "L3 is none of the 2 laws");
    for (test, fault) in [
        ("b::l2_z", "`b::l2_`: name the test l02_"),
        ("d::l03_z", "tests begin with l03_, but there is no L3"),
        ("a::l01_z", "Tests: `a::l01_` (3)"),
        ("d::l01_x", "Tests: `a::l01_` (2), `d::l01_` (1)"),
    ] {
        let mut tests = tests.clone();
        tests.insert(test.to_owned());
        found(good, 2, &tests, fault);
    }
}

#[test]
fn long_paragraphs_are_broken_between_modules() {
    let starts = (10..16).map(|i| (format!("some::module::number_{i}::l07_"), i));
    let text = paragraph(&starts.collect());
    let entries: Vec<usize> = text.lines().map(|line| line.matches('`').count()).collect();
    assert_eq!(entries, [3, 3].map(|of_line| 2 * of_line), "{text}");
    assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
    assert!(text.ends_with("`some::module::number_15::l07_` (15)"));
}

/// The binary has the tests of this platform and build; the reader finds all.
#[test]
fn the_reader_finds_each_test_of_a_law_that_this_binary_has() {
    let binary = env::current_exe().unwrap();
    let output = Command::new(binary).arg("--list").output().unwrap();
    let list = String::from_utf8(output.stdout).unwrap();
    let tests = tests();
    let mut found = 0;
    for test in list.lines().filter_map(|line| line.strip_suffix(": test")) {
        if law_of(test).is_some() {
            assert!(tests.contains(test), "not found by reading: {test}");
            found += 1;
        }
    }
    assert!(found > 400, "{found} tests of laws");
}

/// Words such as L7.
fn laws_named_in(text: &str) -> impl Iterator<Item = u32> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter_map(|word| word.strip_prefix('L')?.parse().ok())
}

#[test]
fn what_names_a_law_names_one_of_the_page() {
    let alone = ["README.md", "CHANGELOG.md"].map(|name| (name.to_owned(), read(name)));
    let folders = ["src", "tests"];
    let texts = folders
        .iter()
        .flat_map(|folder| ["rs", "md"].map(|ending| files(folder, ending)))
        .flatten()
        .chain(alone);
    let mut named = BTreeSet::new();
    for (name, text) in texts {
        for law in laws_named_in(&text) {
            assert!((1..=LAWS).contains(&law), "{name}: there is no L{law}");
            named.insert((name.clone(), law));
        }
    }
    for text in ["README.md", "src/lib.rs", "tests/it/laws/next.rs"] {
        assert!(named.contains(&(text.to_owned(), 9)), "{text} names L9");
    }
}

#[test]
fn the_readme_and_the_crate_page_lead_to_the_page() {
    let readme = read("README.md");
    assert!(readme.contains("| [laws](src/laws.md), "), "in its table");
    assert!(readme.contains(RUN_ONE) && page().contains(RUN_ONE));
    assert!(read("src/lib.rs").contains("numbered [`laws`]"));
}
