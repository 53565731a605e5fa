//! The documents: every relative link leads somewhere, and the README's costs are the committed counts.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All Markdown files that are not built, installed or fetched.
fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
        let (path, name) = (entry.path(), entry.file_name());
        let left_out = ["target", "node_modules"].iter().any(|left_out| name == *left_out);
        if entry.file_type().unwrap().is_dir() && !left_out && !name.to_string_lossy().starts_with('.') {
            documents(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

/// A heading's anchor: small letters, spaces as hyphens, without punctuation.
fn anchor(heading: &str) -> String {
    let kept = |c: char| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        _ => c.is_alphanumeric().then(|| c.to_ascii_lowercase()),
    };
    heading.trim_start_matches('#').trim().chars().filter_map(kept).collect()
}

/// Where the links of a text lead: what stands in `](..)`, code left out.
fn links(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|prose| prose.split("](").skip(1).filter_map(|behind| behind.split(')').next())).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut found = Vec::new();
    documents(&root(), &mut found);
    let mut followed = 0;
    for document in &found {
        let text = fs::read_to_string(document).unwrap();
        for link in links(&text) {
            // Elsewhere in the net, or an item of rustdoc, which checks it itself.
            if link.contains("://") || link.contains("::") {
                continue;
            }
            let (path, wanted) = link.split_once('#').map_or((link, None), |(path, wanted)| (path, Some(wanted)));
            let target = if path.is_empty() { document.clone() } else { document.parent().unwrap().join(path) };
            assert!(target.exists(), "{} links to {link}, which is not there", document.display());
            if let Some(wanted) = wanted {
                let target = fs::read_to_string(target).unwrap();
                let has = target.lines().filter(|line| line.starts_with('#')).any(|line| anchor(line) == wanted);
                assert!(has, "{} links to {link}, where no heading has that anchor", document.display());
            }
            followed += 1;
        }
    }
    assert!(found.len() >= 10 && followed >= 20, "{} documents, {followed} links", found.len());
}

#[test]
fn the_readme_is_one_screen() {
    let lines = text("README.md").lines().count();
    assert!(
        lines <= 115,
        "README.md has {lines} lines: what was measured belongs to demo-host/docs/results.md, cost to core/README.md"
    );
}

#[test]
fn the_readme_names_the_oldest_rust() {
    let manifest = text("core/Cargo.toml");
    let oldest = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
    assert!(
        text("README.md").contains(&format!("Rust\n{oldest}")) || text("README.md").contains(&format!("Rust {oldest}"))
    );
}

/// With commas between thousands.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap()).collect();
    groups.join(",")
}

#[test]
fn the_readme_has_the_committed_counts() {
    let committed = text("firmware/bench/expected.tsv");
    let counts: HashMap<&str, u64> = committed
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(name, value)| (name, value.parse().unwrap()))
        .collect();
    let readme = text("README.md");
    let sums: [&[&str]; 5] = [
        &["Cortex-M4F/asm/64->10/lda-label", "Cortex-M4F/asm/64->10/lda-refresh"],
        &["Cortex-M4F/asm/64->10/lda-inference"],
        &["Cortex-M4F/asm/64->10/inference"],
        &["Cortex-M4F/asm/64->10/step"],
        &["Cortex-M0/integers/64->10/fixed-step"],
    ];
    for names in sums {
        let told = grouped(names.iter().map(|name| counts[name]).sum());
        assert!(readme.contains(&told), "the sum of {names:?} is {told}, which README.md does not have");
    }
}
