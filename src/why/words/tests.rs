//! What languages print, and what is made of it.

use super::*;

#[test]
fn a_missing_config_var_is_known_in_every_language() {
    for (text, name) in [
        (
            "config.rb:1:in 'fetch': key not found: \"STRIPE_KEY\" (KeyError)",
            "STRIPE_KEY",
        ),
        (
            "    SECRET = os.environ[\"APP_SECRET\"]\nKeyError: 'APP_SECRET'",
            "APP_SECRET",
        ),
        (
            "decouple.UndefinedValueError: APP_KEY not found. Declare it as envvar",
            "APP_KEY",
        ),
        (
            "django.core.exceptions.ImproperlyConfigured: Set the APP_KEY environment variable",
            "APP_KEY",
        ),
        (
            "Error: Missing required environment variable: STRIPE_KEY\n    at x (/app/a.js:1:1)",
            "STRIPE_KEY",
        ),
        (
            "EnvVarError: env-var: \"STRIPE_KEY\" is a required variable, but it was not set",
            "STRIPE_KEY",
        ),
        (
            "error: Environment variable not found: DATABASE_URL.",
            "DATABASE_URL",
        ),
        (
            "Could not resolve placeholder 'STRIPE_KEY' in value \"${STRIPE_KEY}\"",
            "STRIPE_KEY",
        ),
        ("required key STRIPE_KEY missing value", "STRIPE_KEY"),
        (
            "env: required environment variable \"TOKEN\" is not set",
            "TOKEN",
        ),
        ("panic: STRIPE_KEY must be set", "STRIPE_KEY"),
        (
            "ValueError: You must specify a URI or set the MONGO_URI Flask config variable",
            "MONGO_URI",
        ),
        ("$PORT must be set: environment variable", "PORT"),
        (
            "Missing required environment variables:\n  - MAIL_HOST\n  - MAIL_USER",
            "MAIL_HOST",
        ),
        (
            "Missing environment variables:\n    STRIPE_KEY: eg. \"abc\"",
            "STRIPE_KEY",
        ),
        (
            "PHP Warning:  Undefined array key \"STRIPE_KEY\" in /app/index.php on line 3",
            "STRIPE_KEY",
        ),
        (
            "Environment variable \"APP_SECRET\" not found.",
            "APP_SECRET",
        ),
        (
            "(RuntimeError) environment variable SECRET_KEY_BASE is missing.",
            "SECRET_KEY_BASE",
        ),
        (
            "ArgumentError: Missing `secret_key_base` for 'production' environment",
            "SECRET_KEY_BASE",
        ),
    ] {
        assert_eq!(missing_variable(text).as_deref(), Some(name), "{text}");
    }
    for text in [
        "Error: Cannot find module 'express'\n  code: 'MODULE_NOT_FOUND'",
        "FATAL: database \"x\" does not exist",
        "Error: listen EADDRINUSE: address already in use :::3000",
        "KeyError: 'name'",
        "    sku = row[\"SKU_CODE\"]\nKeyError: 'SKU_CODE'",
        "PHP Parse error:  syntax error, unexpected T_STRING, T_VAR not found",
        "ReferenceError: STRIPE_KEY is not defined",
        "PG::UndefinedTable: ERROR:  relation \"OLD_ORDERS\" does not exist",
        "relation \"users\" does not exist",
        "environment variable `rm -rf ~` is not set",
        "environment variable lower_case is not set",
    ] {
        assert_eq!(missing_variable(text), None, "{text}");
    }
}

#[test]
fn signs_are_told_apart() {
    for (text, expected) in [
        (
            "bash: line 1: gunicorn: command not found",
            "procfile-command",
        ),
        ("npm error Missing script: \"start\"", "procfile-command"),
        (
            "Error: Unable to access jarfile target/shop.jar",
            "procfile-command",
        ),
        (
            "ModuleNotFoundError: No module named 'shop'",
            "missing-module",
        ),
        ("Error: Cannot find module 'express'", "missing-module"),
        (
            "Caused by: java.lang.ClassNotFoundException: org.h2.Driver",
            "missing-module",
        ),
        (
            "PHP Parse error:  syntax error, unexpected token \"}\"",
            "syntax-error",
        ),
        (
            "FATAL: sorry, too many clients already",
            "database-connections",
        ),
        (
            "HikariPool-1 - Connection is not available, request timed out after 30000ms.",
            "database-connections",
        ),
        ("Error: connect ECONNREFUSED 10.0.0.1:5432", "database"),
    ] {
        assert_eq!(sign(text), Some(expected), "{text}");
    }
    assert_eq!(sign("all is well"), None);
}
