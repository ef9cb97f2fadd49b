//! Scraper's tree builder sink, extended by limits.

use std::borrow::Cow;
use std::cell::{Cell, Ref};

use ego_tree::{NodeId, Tree};
use html5ever::tendril::StrTendril;
use html5ever::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::{Attribute, QualName};
use scraper::{Html, HtmlTreeSink, Node};

use super::limits::{Limit, Limits};

/// How many appended nodes per depth measurement: measuring at each would cost more than parsing.
const DEPTH_SAMPLE: usize = 16;

/// Builds scraper's tree and records when it exceeds the limits.
///
/// A sink cannot stop the parser; the caller checks [`BoundedSink::exceeded`] between chunks.
pub(super) struct BoundedSink {
    inner: HtmlTreeSink,
    limits: Limits,
    appended: Cell<usize>,
    attributes: Cell<usize>,
    is_too_deep: Cell<bool>,
}

impl BoundedSink {
    /// Returns a sink with memory reserved for `nodes` nodes, at most as many as `limits` allow.
    pub(super) fn new(limits: Limits, nodes: usize) -> Self {
        let mut html = Html::new_document();
        html.tree = Tree::with_capacity(Node::Document, nodes.min(limits.max_nodes));
        Self {
            inner: HtmlTreeSink::new(html),
            limits,
            appended: Cell::new(0),
            attributes: Cell::new(0),
            is_too_deep: Cell::new(false),
        }
    }

    /// Returns the exceeded limit, if any.
    pub(super) fn exceeded(&self) -> Option<Limit> {
        if self.is_too_deep.get() {
            Some(Limit::Depth)
        } else if self.inner.0.borrow().tree.values().len() > self.limits.max_nodes {
            Some(Limit::Nodes)
        } else {
            None
        }
    }

    /// Returns the tree.
    pub(super) fn into_html(self) -> Html {
        self.inner.finish()
    }

    fn note_append(&self, parent: NodeId) {
        let appended = self.appended.get().wrapping_add(1);
        self.appended.set(appended);
        if appended.is_multiple_of(DEPTH_SAMPLE) && !self.is_too_deep.get() {
            let html = self.inner.0.borrow();
            let ancestors = html
                .tree
                .get(parent)
                .map_or(0, |node| node.ancestors().take(self.limits.max_depth).count());
            self.is_too_deep.set(ancestors >= self.limits.max_depth);
        }
    }

    /// Limits the attributes of an element and of the page.
    ///
    /// The total has its own limit, since formatting elements are copied with their attributes whenever they are
    /// reopened.
    fn bound_attributes(&self, attributes: &mut Vec<Attribute>) {
        let left = self.limits.max_total_attributes.saturating_sub(self.attributes.get());
        let max = self.limits.max_attributes.min(left);
        if attributes.len() > max {
            attributes.truncate(max);
            attributes.shrink_to_fit();
        }
        self.attributes.set(self.attributes.get() + attributes.len());
        for attribute in attributes {
            if attribute.value.len() > self.limits.max_attribute_bytes {
                let end = attribute.value.floor_char_boundary(self.limits.max_attribute_bytes);
                attribute.value = StrTendril::from_slice(attribute.value.get(..end).unwrap_or_default());
            }
        }
    }
}

impl TreeSink for BoundedSink {
    type Handle = NodeId;
    type Output = Html;
    type ElemName<'a> = Ref<'a, QualName>;

    fn finish(self) -> Html {
        self.into_html()
    }

    fn parse_error(&self, message: Cow<'static, str>) {
        self.inner.parse_error(message);
    }

    fn get_document(&self) -> NodeId {
        self.inner.get_document()
    }

    fn elem_name<'a>(&'a self, target: &'a NodeId) -> Ref<'a, QualName> {
        self.inner.elem_name(target)
    }

    fn create_element(&self, name: QualName, mut attributes: Vec<Attribute>, flags: ElementFlags) -> NodeId {
        self.bound_attributes(&mut attributes);
        self.inner.create_element(name, attributes, flags)
    }

    fn create_comment(&self, text: StrTendril) -> NodeId {
        self.inner.create_comment(text)
    }

    fn create_pi(&self, target: StrTendril, data: StrTendril) -> NodeId {
        self.inner.create_pi(target, data)
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        self.note_append(*parent);
        self.inner.append(parent, child);
    }

    fn append_based_on_parent_node(&self, element: &NodeId, previous: &NodeId, child: NodeOrText<NodeId>) {
        self.note_append(*previous);
        self.inner.append_based_on_parent_node(element, previous, child);
    }

    fn append_doctype_to_document(&self, name: StrTendril, public_id: StrTendril, system_id: StrTendril) {
        self.inner.append_doctype_to_document(name, public_id, system_id);
    }

    fn mark_script_already_started(&self, node: &NodeId) {
        self.inner.mark_script_already_started(node);
    }

    fn get_template_contents(&self, target: &NodeId) -> NodeId {
        self.inner.get_template_contents(target)
    }

    fn same_node(&self, left: &NodeId, right: &NodeId) -> bool {
        left == right
    }

    fn set_quirks_mode(&self, mode: QuirksMode) {
        self.inner.set_quirks_mode(mode);
    }

    fn append_before_sibling(&self, sibling: &NodeId, child: NodeOrText<NodeId>) {
        self.note_append(*sibling);
        self.inner.append_before_sibling(sibling, child);
    }

    fn add_attrs_if_missing(&self, target: &NodeId, mut attributes: Vec<Attribute>) {
        self.bound_attributes(&mut attributes);
        self.inner.add_attrs_if_missing(target, attributes);
    }

    fn remove_from_parent(&self, target: &NodeId) {
        self.inner.remove_from_parent(target);
    }

    fn reparent_children(&self, node: &NodeId, new_parent: &NodeId) {
        self.inner.reparent_children(node, new_parent);
    }

    fn is_mathml_annotation_xml_integration_point(&self, handle: &NodeId) -> bool {
        self.inner.is_mathml_annotation_xml_integration_point(handle)
    }
}
