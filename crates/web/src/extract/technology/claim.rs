//! What signs prove: claims, each with its evidence, and the lists made from them.

use serde::Serialize;

use super::category::{Category, List, Shown};
use super::rules::Prepared;
use super::sign::{Sign, SignKind, Strength};
use super::version::{agreed, continues};

/// How probable it is that a kind of sign is wrong, in percent: strong and weak ones, and the step to what a technology needs.
const DOUBT_STRONG: u32 = 10;
const DOUBT_WEAK: u32 = 60;
const DOUBT_IMPLIED: u32 = 10;
/// The number of kinds of weak signs that make a claim.
const WEAK_KINDS: usize = 2;

/// A technology of a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// The name of the technology.
    pub name: String,
    /// Its category.
    pub category: Category,
    /// Its version, where the site states one and nothing contradicts it.
    pub version: Option<String>,
    /// How sure the claim is, from 0 to 100.
    pub confidence: u8,
    /// What it is told by, in the order in which it was found.
    pub evidence: Vec<Evidence>,
}

/// What a technology is told by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The sign, such as `url plugins/woocommerce/`.
    pub rule: String,
    /// What the site shows there, in at most 200 characters.
    pub snippet: String,
    /// The URL of the page; `None` for DNS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// What shows a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::extract) struct Showing {
    /// The technology; `None` if it is a mark, which is not claimed.
    pub(in crate::extract) claim: Option<String>,
    /// How sure that is, from 0 to 100.
    pub(in crate::extract) confidence: u8,
    /// The first sign.
    pub(in crate::extract) evidence: Evidence,
}

/// The names of a site's technologies, each list in the order of the rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TechStack {
    /// Content management systems, website builders, shop software and site generators.
    pub cms: Vec<String>,
    /// Frameworks and libraries.
    pub frameworks: Vec<String>,
    /// Analytics and advertising services.
    pub analytics: Vec<String>,
    /// Embedded widgets and services.
    pub widgets: Vec<String>,
}

/// A sign that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) sign: usize,
    pub(super) evidence: Evidence,
}

/// A version that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SeenVersion {
    pub(super) rule: usize,
    pub(super) kind: SignKind,
    pub(super) version: String,
    pub(super) evidence: Evidence,
}

/// What is known about one rule.
#[derive(Clone, Debug, Default)]
struct State {
    /// The kinds of signs seen.
    strong: Vec<SignKind>,
    weak: Vec<SignKind>,
    /// The probability that the claim is wrong, in millionths; `None` if nothing makes a claim.
    doubt: Option<u32>,
    /// The rule that implies this one, if its own signs make no claim.
    implied_by: Option<usize>,
}

/// The whole, in millionths.
const WHOLE: u32 = 1_000_000;

fn reduced(doubt: u32, percent: u32) -> u32 {
    doubt / 100 * percent
}

impl State {
    fn see(&mut self, sign: &Sign) {
        let kinds = match sign.strength {
            Strength::Strong => &mut self.strong,
            Strength::Weak => &mut self.weak,
        };
        // Both are found in the same URLs.
        let kind = if sign.kind == SignKind::OwnUrl {
            SignKind::Url
        } else {
            sign.kind
        };
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }

    /// Decides whether the signs make a claim.
    fn judge(&mut self) {
        if !self.strong.is_empty() || self.weak.len() >= WEAK_KINDS {
            let doubt = self.strong.iter().fold(WHOLE, |doubt, _| reduced(doubt, DOUBT_STRONG));
            self.doubt = Some(self.confirmed(doubt));
        }
    }

    /// Returns how much doubt the weak signs leave.
    fn confirmed(&self, doubt: u32) -> u32 {
        self.weak.iter().fold(doubt, |doubt, _| reduced(doubt, DOUBT_WEAK))
    }

    /// Takes a claim that needs this one, and its doubt, as proof. Returns whether it was needed.
    fn imply(&mut self, by: usize, doubt: u32) -> bool {
        if self.doubt.is_some() {
            return false;
        }
        let certain = reduced(WHOLE - doubt, 100 - DOUBT_IMPLIED);
        self.doubt = Some(self.confirmed(WHOLE - certain));
        self.implied_by = Some(by);
        true
    }

    fn confidence(&self) -> u8 {
        let certain = WHOLE - self.doubt.unwrap_or(WHOLE).min(WHOLE);
        u8::try_from((certain + WHOLE / 200) / (WHOLE / 100)).unwrap_or(100)
    }
}

/// Returns what is known about each rule.
fn states(rules: &Prepared, hits: &[Hit]) -> Vec<State> {
    let mut states = vec![State::default(); rules.rules().len()];
    for (rule, sign) in hits.iter().filter_map(|hit| rules.sign(hit.sign)) {
        if let Some(state) = states.get_mut(rule) {
            state.see(sign);
        }
    }
    let mut next = Vec::new();
    for (rule, state) in states.iter_mut().enumerate() {
        state.judge();
        next.extend(state.doubt.map(|doubt| (rule, doubt)));
    }
    // What is implied may imply more.
    while let Some((rule, doubt)) = next.pop() {
        for implied in rules.implied(rule) {
            if let Some(state) = states.get_mut(*implied)
                && state.imply(rule, doubt)
            {
                next.extend(state.doubt.map(|doubt| (*implied, doubt)));
            }
        }
    }
    states
}

/// Returns the indexes of the rules that the signs prove.
pub(super) fn proven(rules: &Prepared, hits: &[Hit]) -> Vec<usize> {
    let states = states(rules, hits).into_iter().enumerate();
    states
        .filter(|(_, state)| state.doubt.is_some())
        .map(|(rule, _)| rule)
        .collect()
}

/// Returns what the signs prove, in the order of the rules.
pub(super) fn claims(rules: &Prepared, hits: &[Hit], versions: &[SeenVersion]) -> Vec<Claim> {
    let states = states(rules, hits);
    let claimed = states.iter().zip(rules.rules()).enumerate();
    claimed
        .filter(|(_, (state, rule))| state.doubt.is_some() && rule.category != Category::Mark)
        .map(|(index, (state, rule))| {
            let version = version(versions, index);
            let mut evidence: Vec<Evidence> = of_rule(rules, hits, index).cloned().collect();
            evidence.extend(implication(rules, hits, &states, index));
            if let Some(seen) = version
                && !evidence.contains(&seen.evidence)
            {
                evidence.push(seen.evidence.clone());
            }
            Claim {
                name: rule.name.clone(),
                category: rule.category,
                version: version.map(|seen| seen.version.clone()),
                confidence: state.confidence(),
                evidence,
            }
        })
        .collect()
}

/// Returns what proves that a fact is shown: a technology that is claimed, or else a mark.
pub(super) fn shown_by(rules: &Prepared, hits: &[Hit], fact: Shown) -> Option<Showing> {
    let states = states(rules, hits);
    let all = states.iter().zip(rules.rules()).enumerate();
    let proven = all.filter(|(_, (state, rule))| state.doubt.is_some() && rule.shows.contains(&fact));
    let (index, (state, rule)) = proven.min_by_key(|(_, (_, rule))| rule.category == Category::Mark)?;
    let own = of_rule(rules, hits, index).next().cloned();
    Some(Showing {
        claim: (rule.category != Category::Mark).then(|| rule.name.clone()),
        confidence: state.confidence(),
        evidence: own.or_else(|| implication(rules, hits, &states, index))?,
    })
}

/// Iterates over the evidence for a rule.
fn of_rule<'h>(rules: &'h Prepared, hits: &'h [Hit], rule: usize) -> impl Iterator<Item = &'h Evidence> {
    let own = hits
        .iter()
        .filter(move |hit| rules.sign(hit.sign).is_some_and(|(of, _)| of == rule));
    own.map(|hit| &hit.evidence)
}

/// Returns the evidence of what implies a rule.
fn implication(rules: &Prepared, hits: &[Hit], states: &[State], rule: usize) -> Option<Evidence> {
    let by = states.get(rule)?.implied_by?;
    let mut source = by;
    while let Some(further) = states.get(source).and_then(|state| state.implied_by) {
        source = further;
    }
    let evidence = of_rule(rules, hits, source).next()?;
    Some(Evidence {
        rule: format!("implied by {}", rules.rules().get(by)?.name),
        ..evidence.clone()
    })
}

/// Returns the version of a technology. What the software says of itself counts more than the URLs of its files, which may
/// say the same in full, and versions that contradict each other count nothing.
fn version(versions: &[SeenVersion], rule: usize) -> Option<&SeenVersion> {
    let of_urls = |seen: &SeenVersion| matches!(seen.kind, SignKind::Url | SignKind::OwnUrl);
    let own = || versions.iter().filter(|seen| seen.rule == rule);
    let is_stated = own().any(|seen| !of_urls(seen));
    let counted = || own().filter(|seen| of_urls(seen) != is_stated);
    let shown = agreed(counted().map(|seen| seen.version.as_str()))?;
    let in_full = || own().filter(|seen| of_urls(seen) && continues(&seen.version, shown));
    let fullest = agreed(in_full().map(|seen| seen.version.as_str()));
    fullest
        .and_then(|fullest| in_full().find(|seen| seen.version == fullest))
        .or_else(|| counted().find(|seen| seen.version == shown))
}

/// Returns the names of the technologies in each list.
pub(super) fn stack(rules: &Prepared, claims: &[Claim]) -> TechStack {
    let mut stack = TechStack::default();
    for rule in rules.rules() {
        let list = match rule.list {
            List::Cms => &mut stack.cms,
            List::Frameworks => &mut stack.frameworks,
            List::Analytics => &mut stack.analytics,
            List::Widgets => &mut stack.widgets,
            List::None => continue,
        };
        if claims.iter().any(|claim| claim.name == rule.name) {
            list.push(rule.name.clone());
        }
    }
    stack
}
