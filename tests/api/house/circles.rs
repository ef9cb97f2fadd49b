//! No two files import each other, directly or through others.

use std::collections::{BTreeMap, BTreeSet};

use super::sources::{CRATES, Modules, code, exports, modules, paths};

/// The imported modules of each module, by path.
type Imports = BTreeMap<Vec<String>, BTreeSet<Vec<String>>>;

#[test]
fn there_are_no_import_cycles_between_files() {
    let mut circles = Vec::new();
    for folder in CRATES {
        for circle in circles_of(&imports(&modules(folder))) {
            let names: Vec<_> = circle.iter().map(|module| module.join("::")).collect();
            circles.push(format!("{folder}: {}", names.join(", ")));
        }
    }
    assert!(
        circles.is_empty(),
        "files that import each other:\n{}",
        circles.join("\n")
    );
}

/// Returns which modules each module imports. Re-exported names count as their source's.
fn imports(modules: &Modules) -> Imports {
    let codes: BTreeMap<_, _> = modules
        .iter()
        .map(|(path, source)| (path, code(&source.text)))
        .collect();
    let passed_on: BTreeMap<(Vec<String>, String), Vec<String>> = codes
        .iter()
        .flat_map(|(module, code)| {
            exports(code).into_iter().filter_map(|path| {
                let (target, rest) = resolve(modules, module, &path)?;
                let name = rest.first()?.clone();
                Some((((*module).clone(), name), target))
            })
        })
        .collect();
    codes
        .iter()
        .map(|(module, code)| {
            let targets = paths(code).into_iter().filter_map(|path| {
                let (mut target, rest) = resolve(modules, module, &path)?;
                while let Some(name) = rest.first()
                    && let Some(source) = passed_on.get(&(target.clone(), name.clone()))
                    && *source != target
                {
                    target = source.clone();
                }
                (target != **module).then_some(target)
            });
            ((*module).clone(), targets.collect())
        })
        .collect()
}

/// Returns the module that a path leads to, and the rest of the path.
fn resolve(modules: &Modules, from: &[String], path: &str) -> Option<(Vec<String>, Vec<String>)> {
    let mut segments: Vec<String> = path.split("::").map(str::to_owned).collect();
    let mut at = match segments.first()?.as_str() {
        "crate" => Vec::new(),
        "self" | "super" => from.to_vec(),
        // A child named without `self::`, or another crate.
        child => {
            let mut at = from.to_vec();
            at.push(child.to_owned());
            modules.contains_key(&at).then(|| from.to_vec())?
        }
    };
    while let Some(first) = segments.first() {
        match first.as_str() {
            "crate" | "self" => {}
            "super" => drop(at.pop()),
            name => {
                at.push(name.to_owned());
                if !modules.contains_key(&at) {
                    at.pop();
                    break;
                }
            }
        }
        segments.remove(0);
    }
    Some((at, segments))
}

/// Returns the sets of modules that reach each other, by repeated search (there are a few hundred).
fn circles_of(imports: &Imports) -> Vec<BTreeSet<&Vec<String>>> {
    let reached: BTreeMap<_, _> = imports.keys().map(|module| (module, reach(imports, module))).collect();
    let mut circles = Vec::new();
    for (module, from_here) in &reached {
        let circle: BTreeSet<_> = from_here
            .iter()
            .copied()
            .filter(|other| reached.get(other).is_some_and(|from_there| from_there.contains(module)))
            .collect();
        if circle.len() > 1 && circle.first() == Some(module) {
            circles.push(circle);
        }
    }
    circles
}

fn reach<'a>(imports: &'a Imports, from: &'a Vec<String>) -> BTreeSet<&'a Vec<String>> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from];
    while let Some(module) = next.pop() {
        for target in imports.get(module).into_iter().flatten() {
            if reached.insert(target) {
                next.push(target);
            }
        }
    }
    reached
}

#[test]
fn cycles_are_found_and_reexports_are_not_cycles() {
    let source = |text: &str| super::sources::Source {
        path: String::new(),
        text: text.to_owned(),
    };
    let module = |path: &str| path.split("::").map(str::to_owned).collect::<Vec<_>>();
    let mut modules = Modules::from([
        (
            module("a"),
            source("mod b;\nmod c;\npub use self::b::B;\nuse self::c::C;"),
        ),
        (module("a::b"), source("pub struct B;")),
        (module("a::c"), source("use super::B;\npub struct C(B);")),
    ]);
    assert!(circles_of(&imports(&modules)).is_empty());
    modules.insert(module("a::b"), source("use super::c::C;\npub struct B(C);"));
    let found = imports(&modules);
    assert_eq!(circles_of(&found), [BTreeSet::from([&module("a::b"), &module("a::c")])]);
}
