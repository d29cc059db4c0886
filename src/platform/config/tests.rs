use super::*;
use crate::platform::state::PublicMetrics;

fn sources(file: Option<&Path>, env: &[(&str, &str)], flags: &[(&str, &str)]) -> Sources {
    let pairs = |list: &[(&str, &str)]| {
        list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<Vec<_>>()
    };
    Sources {
        file: file.map(Path::to_owned),
        env: pairs(env),
        flags: pairs(flags).into_iter().collect(),
        alone: false,
    }
}

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("anteroom.toml");
    std::fs::write(&path, text).unwrap();
    (dir, path)
}

#[test]
fn nothing_set_is_a_working_configuration_on_loopback() {
    let config = load(&sources(None, &[("ANTEROOM_DATA", "/nowhere/at/all")], &[])).unwrap();
    assert_eq!(config.public_url, "http://127.0.0.1:8080");
    assert_eq!(config.secret_key_file, Path::new("/nowhere/at/all/secret.key"));
    assert_eq!(format!("{:?}", config.database_url), "sqlite:/nowhere/at/all/anteroom.db");
    assert_eq!(config.mail_sender.as_str(), "portal@localhost.localdomain");
    assert_eq!(config.smtp_url.to_string(), "smtp://127.0.0.1:25");
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let (_dir, path) = file(
        "listen = '127.0.0.1:1'\nsmtp_pool = 2\ntrusted_proxies = ['127.0.0.1', '::1']\nmigrate = false\n",
    );
    let env =
        [("ANTEROOM_LISTEN", "127.0.0.1:2"), ("ANTEROOM_SMTP_POOL", "3"), ("ANTEROOM_TEST_ANYTHING", "1")];
    let config = load(&sources(Some(&path), &env, &[("listen", "127.0.0.1:3")])).unwrap();
    assert_eq!(config.listen.port(), 3);
    assert_eq!(config.smtp_pool, 3);
    assert_eq!(config.trusted_proxies.len(), 2);
    assert!(!config.migrate);
}

#[test]
fn every_wrong_thing_is_told_at_once_with_where_it_stands_and_what_is_allowed() {
    let (_dir, path) =
        file("# ours\nlistn = '127.0.0.1:1'\n\nsmtp_pool = 900\nlog_format = 'xml'\n[section]\na = 1\n");
    let env = [("ANTEROOM_PUBLIC_URL", "http://portal.example.org"), ("ANTEROOM_NONSENSE", "1")];
    let error = load(&sources(Some(&path), &env, &[("log_level", "loud")])).unwrap_err().to_string();
    for part in [
        "listn (",
        "anteroom.toml, line 2): there is no such setting. Did you mean listen?",
        "smtp_pool (",
        "line 4): \"900\" is refused: write a whole number from 1 to 64",
        "log_format (",
        "line 5): \"xml\" is refused: write text, json",
        "section (",
        "there are no sections",
        "public_url (the environment, ANTEROOM_PUBLIC_URL): \"http://portal.example.org\" is refused: outside this machine it must be https",
        "ANTEROOM_NONSENSE (the environment, ANTEROOM_NONSENSE): there is no such setting",
        "log_level (the command line, --log-level): \"loud\" is refused: write error, warn, info, debug, trace",
    ] {
        assert!(error.contains(part), "{part:?} is missing from:\n{error}");
    }
}

#[test]
fn cry_06_a_wrong_secret_is_not_repeated() {
    let env = [
        ("ANTEROOM_SMTP_URL", "smtp://u:hunter2hunter2@mail.example.org"),
        ("ANTEROOM_BOUNCE_HOOK_SECRET", "hush-hush"),
    ];
    let error = load(&sources(None, &env, &[])).unwrap_err().to_string();
    assert!(!error.contains("hunter2") && !error.contains("hush-hush"), "{error}");
    let env = [
        ("ANTEROOM_DATABASE_URL", "postgres://u:hunter2@db.example.org/x"),
        ("ANTEROOM_OBJECTS_URL", "s3://files"),
        ("ANTEROOM_OBJECTS_KEY_ID", "ours"),
        ("ANTEROOM_OBJECTS_SECRET", "hunter2"),
    ];
    let config = load(&sources(None, &env, &[])).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    let error = load(&sources(None, &env[1..3], &[])).unwrap_err().to_string();
    assert!(error.contains("objects_secret (nobody set it): must be set"), "{error}");
}

#[test]
fn a_secret_may_stand_in_a_file_of_its_own() {
    let (dir, _) = file("");
    let secret = dir.path().join("hook");
    std::fs::write(&secret, "a secret that is long enough\n").unwrap();
    let secret = secret.to_string_lossy().into_owned();
    let config = load(&sources(None, &[("ANTEROOM_BOUNCE_HOOK_SECRET_FILE", &secret)], &[])).unwrap();
    assert_eq!(config.bounce_hook_secret.unwrap().reveal(), "a secret that is long enough");
    let both = [
        ("ANTEROOM_BOUNCE_HOOK_SECRET_FILE", secret.as_str()),
        ("ANTEROOM_BOUNCE_HOOK_SECRET", "another that is long enough"),
    ];
    let error = load(&sources(None, &both, &[])).unwrap_err().to_string();
    assert!(error.contains("set one of the two"), "{error}");
    let error =
        load(&sources(None, &[("ANTEROOM_SMTP_URL_FILE", "/nowhere/x")], &[])).unwrap_err().to_string();
    assert!(error.contains("smtp_url_file") && error.contains("/nowhere/x"), "{error}");
}

#[test]
fn a_listener_that_others_reach_needs_its_public_url() {
    let error = load(&sources(None, &[], &[("listen", "0.0.0.0:80")])).unwrap_err().to_string();
    assert!(error.contains("public_url (nobody set it): must be set"), "{error}");
    let set = [("listen", "0.0.0.0:80"), ("public_url", "https://portal.example.org")];
    let config = load(&sources(None, &[], &set)).unwrap();
    assert_eq!(config.mail_sender.as_str(), "portal@portal.example.org");
    assert_eq!(config.bounce_domain, "portal.example.org");
}

#[test]
fn plain_http_from_other_machines_needs_a_proxy_or_an_explicit_word() {
    let of = |set: &[(&str, &str)]| load(&sources(None, &[], set));
    for listen in ["0.0.0.0:8080", "[::]:8080", "192.0.2.7:8080"] {
        let error =
            of(&[("listen", listen), ("public_url", "http://localhost:8080")]).unwrap_err().to_string();
        assert!(error.contains("--listen") && error.contains("open_listeners"), "{error}");
        let set = [("listen", listen), ("public_url", "http://localhost:8080"), ("open_listeners", "yes")];
        let settings = of(&set).unwrap().settings();
        assert_eq!(settings.metrics, PublicMetrics::Hidden, "others reach {listen}");
        let settings =
            of(&[("listen", listen), ("public_url", "https://portal.example.org")]).unwrap().settings();
        assert_eq!(settings.metrics, PublicMetrics::Hidden);
    }
    assert_eq!(of(&[]).unwrap().settings().metrics, PublicMetrics::Shown);
}

#[test]
fn metrics_stay_in_the_own_network() {
    let of = |address: &str, open: &str| {
        load(&sources(None, &[], &[("metrics_listen", address), ("open_listeners", open)]))
    };
    for own in ["127.0.0.1:9464", "10.0.0.10:9464", "192.168.1.2:9464", "[::1]:9464", "[fd00::1]:9464"] {
        assert!(of(own, "no").is_ok(), "{own}");
    }
    for outside in
        ["0.0.0.0:9464", "[::]:9464", "192.0.2.7:9464", "[2001:db8::1]:9464", "[::ffff:192.0.2.7]:9464"]
    {
        let error = of(outside, "no").unwrap_err().to_string();
        assert!(error.contains("metrics_listen") && error.contains("open_listeners"), "{error}");
        assert!(of(outside, "yes").is_ok(), "{outside}");
    }
}

#[test]
fn a_file_that_is_named_must_be_there_and_be_toml() {
    let error = load(&sources(Some(Path::new("/nowhere/a.toml")), &[], &[])).unwrap_err().to_string();
    assert!(error.contains("/nowhere/a.toml"), "{error}");
    let (_dir, path) = file("listen = '127.0.0.1:1'\nlisten 2\n");
    let error = load(&sources(Some(&path), &[], &[])).unwrap_err().to_string();
    assert!(error.contains("line 2") && error.contains("is not TOML"), "{error}");
}

#[test]
fn the_documentation_holds_the_table_as_it_is() {
    let written = include_str!("../../../docs/operators/configuration.md");
    assert!(
        written.contains(&as_markdown()),
        "docs/operators/configuration.md is behind; its table should read:\n{}",
        as_markdown()
    );
}

#[test]
fn a_setting_is_one_word_everywhere() {
    for (i, s) in TABLE.iter().enumerate() {
        assert!(s.key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", s.key);
        assert!(TABLE[..i].iter().all(|other| other.key != s.key), "{} stands twice", s.key);
        assert!(!s.help.is_empty() && !s.default.is_empty());
    }
}

#[test]
fn a_security_contact_is_an_address_or_a_page() {
    let of = |text: &str| load(&sources(None, &[("ANTEROOM_SECURITY_CONTACT", text)], &[]));
    for (text, kept) in [
        ("security@example.org", "mailto:security@example.org"),
        ("mailto:security@example.org", "mailto:security@example.org"),
        ("https://example.org/security", "https://example.org/security"),
    ] {
        assert_eq!(of(text).unwrap().security_contact.as_deref(), Some(kept));
    }
    for text in [
        "",
        "call us",
        "http://example.org",
        "https://",
        "https:///x",
        "security@example.org\nExpires: never",
    ] {
        assert!(of(text).is_err(), "{text:?}");
    }
}
