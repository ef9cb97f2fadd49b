use super::*;

fn texts(script: &str) -> Vec<String> {
    let texts = written(script).into_iter().filter_map(|written| match written {
        Written::Text(text) => Some(text),
        Written::Parts(_) => None,
    });
    texts.collect()
}

#[test]
fn assembled_texts_are_read() {
    for (script, expected) in [
        ("document.write('a' + \"b\" + 'c')", "abc"),
        ("location.href='mailto:'+'x'+'@'+'y.de'", "mailto:x@y.de"),
        ("var a = 'x'; a = a + '@'; a += 'y.de'; document.write(a);", "x@y.de"),
        ("document.getElementById('c').innerHTML += 'x' + a", "x"),
        ("document.write(unescape('%78%40y.de'))", "x@y.de"),
        ("document.write(String.fromCharCode(120, 64, 0x79))", "x@y"),
        ("document.write(atob('eEB5LmRl'))", "x@y.de"),
        (
            "document.write('k@l.qr'.replace(/[a-zA-Z]/g, function(c){return f((c<=\"Z\"?90:122))}))",
            "x@y.de",
        ),
        ("document.write(['x','y.de'].join('@'))", "x@y.de"),
        ("document.write('ed.y@x'.split('').reverse().join(''))", "x@y.de"),
        ("document.write('x#y.de'.replace('#', '@'))", "x@y.de"),
        ("eval(unescape('document.write(%27x@y.de%27)'))", "x@y.de"),
        ("document.write('\\x78\\u0040y.de')", "x@y.de"),
        ("a = new Array('x', 'y.de'); document.write(a.join('@'))", "x@y.de"),
        ("var a = ['x', 'y.de']; document.write(a[0] + '@' + a[1])", "x@y.de"),
        ("// 'it is\ndocument.write('x')", "x"),
    ] {
        assert!(
            texts(script).iter().any(|text| text == expected),
            "{script}: {:?}",
            texts(script)
        );
    }
    assert_eq!(
        written("mailTo('x', 'y.de')"),
        [Written::Parts(vec!["x".to_owned(), "y.de".to_owned()])]
    );
}

#[test]
fn a_text_alone_is_not_written() {
    for script in [
        "var a = 'x@y.de'",
        "f('x@y.de')",
        "{\"mail\": \"x@y.de\"}",
        "if (a == 'x@y.de') b()",
        "'",
    ] {
        assert_eq!(written(script), [], "{script}");
    }
}

#[test]
fn any_script_ends_in_time() {
    for unit in [
        "(",
        "'a'+",
        "a='a'+a;",
        "[",
        "eval('",
        "eval('a')",
        "/",
        "\\",
        "a.replace(",
        "'a'.replace('a','aa')+",
        "mail('a',",
    ] {
        let _ = written(&unit.repeat(MAX_SCRIPT_BYTES / unit.len()));
    }
}
