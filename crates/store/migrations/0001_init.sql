-- What each table and column is for, how long it is kept and how it is protected: src/catalogue.rs.
-- BIGINT, TEXT and BLOB only. Dates are seconds since the epoch. The engine that is not SQLite reads
-- BLOB as BYTEA and leaves WITHOUT ROWID out.

CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE shreds (
    owner_kind BIGINT NOT NULL,
    owner_id BIGINT NOT NULL,
    asked_at BIGINT NOT NULL,
    PRIMARY KEY (owner_kind, owner_id)
) WITHOUT ROWID;

CREATE TABLE users (
    id BIGINT NOT NULL PRIMARY KEY,
    phone_hash BLOB,
    profile BLOB NOT NULL,
    username_hash BLOB,
    created_at BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    last_active BIGINT NOT NULL,
    flags BIGINT NOT NULL,
    delete_after_days BIGINT NOT NULL,
    sign_out_after_days BIGINT NOT NULL,
    version BIGINT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX users_phone_hash ON users (phone_hash) WHERE phone_hash IS NOT NULL;
CREATE UNIQUE INDEX users_username_hash ON users (username_hash) WHERE username_hash IS NOT NULL;
CREATE INDEX users_deleted ON users (id) WHERE (flags & 8) = 8;

CREATE TABLE deletions (
    user_id BIGINT NOT NULL PRIMARY KEY,
    asked_at BIGINT NOT NULL
) WITHOUT ROWID;

-- Not clustered by its key: rows this long would lie outside of the tree, each on a page of its own.
CREATE TABLE auth_keys (
    id BIGINT NOT NULL PRIMARY KEY,
    key BLOB NOT NULL,
    temporary BIGINT NOT NULL,
    perm_id BIGINT,
    user_id BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    initial_salt BIGINT NOT NULL,
    dc BIGINT NOT NULL,
    layer BIGINT NOT NULL,
    device BLOB,
    signed_in_at BIGINT,
    last_active BIGINT NOT NULL,
    main_id BIGINT,
    flags BIGINT NOT NULL
);
CREATE INDEX auth_keys_user_id ON auth_keys (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX auth_keys_perm_id ON auth_keys (perm_id) WHERE perm_id IS NOT NULL;
CREATE INDEX auth_keys_main_id ON auth_keys (main_id) WHERE main_id IS NOT NULL;
CREATE INDEX auth_keys_last_active ON auth_keys (last_active) WHERE temporary = 0;
CREATE INDEX auth_keys_expires_at ON auth_keys (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE sign_in_codes (
    phone_code_hash BLOB NOT NULL PRIMARY KEY,
    phone_hash BLOB NOT NULL,
    code_hash BLOB NOT NULL,
    auth_key_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    state BIGINT NOT NULL,
    payload BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX sign_in_codes_phone ON sign_in_codes (phone_hash, auth_key_id);
CREATE INDEX sign_in_codes_expires_at ON sign_in_codes (expires_at);

CREATE TABLE counters (
    name BLOB NOT NULL PRIMARY KEY,
    window_start BIGINT NOT NULL,
    count BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX counters_window_start ON counters (window_start);

CREATE TABLE login_tokens (
    token_hash BLOB NOT NULL PRIMARY KEY,
    kind BIGINT NOT NULL,
    auth_key_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    user_id BIGINT
) WITHOUT ROWID;
CREATE INDEX login_tokens_auth_key_id ON login_tokens (auth_key_id);
CREATE INDEX login_tokens_expires_at ON login_tokens (expires_at);

CREATE TABLE boxes (
    owner BIGINT NOT NULL PRIMARY KEY,
    pts BIGINT NOT NULL,
    next_message_id BIGINT NOT NULL,
    qts BIGINT NOT NULL,
    scheduled_id BIGINT NOT NULL DEFAULT 0,
    floor BIGINT NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- Not clustered by its key: appended rows of all boxes share pages, and small index entries share
-- them better than rows do. Measured: half the bytes written for each message.
CREATE TABLE messages (
    owner BIGINT NOT NULL,
    id BIGINT NOT NULL,
    peer BIGINT NOT NULL,
    twin BIGINT,
    from_id BIGINT NOT NULL,
    date BIGINT NOT NULL,
    edit_date BIGINT,
    flags BIGINT NOT NULL,
    random_id BIGINT,
    reply_to BIGINT,
    expires_at BIGINT,
    content BLOB NOT NULL,
    pts BIGINT NOT NULL,
    read_at BIGINT,
    saved_peer BIGINT,
    PRIMARY KEY (owner, id)
);
CREATE INDEX messages_peer ON messages (owner, peer, id);
CREATE INDEX messages_pinned ON messages (owner, peer, id) WHERE (flags & 2) = 2;
CREATE INDEX messages_unread_reactions ON messages (owner, peer, id) WHERE (flags & 128) = 128;
CREATE UNIQUE INDEX messages_random_id ON messages (owner, random_id) WHERE random_id IS NOT NULL;
CREATE INDEX messages_saved ON messages (owner, saved_peer, id) WHERE saved_peer IS NOT NULL;
CREATE INDEX messages_expires_at ON messages (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE events (
    owner BIGINT NOT NULL,
    pts BIGINT NOT NULL,
    sub BIGINT NOT NULL,
    count BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    date BIGINT NOT NULL,
    message_id BIGINT,
    payload BLOB,
    PRIMARY KEY (owner, pts, sub)
) WITHOUT ROWID;

-- No index by date: it would change with each message, and one owner's dialogs are a few pages.
CREATE TABLE dialogs (
    owner BIGINT NOT NULL,
    peer BIGINT NOT NULL,
    top_message BIGINT NOT NULL,
    top_date BIGINT NOT NULL,
    read_inbox_max BIGINT NOT NULL,
    read_outbox_max BIGINT NOT NULL,
    unread_count BIGINT NOT NULL,
    flags BIGINT NOT NULL,
    pin_order BIGINT,
    draft BLOB,
    draft_date BIGINT,
    ttl_period BIGINT,
    PRIMARY KEY (owner, peer)
) WITHOUT ROWID;

CREATE TABLE contacts (
    owner BIGINT NOT NULL,
    phone_hash BLOB NOT NULL,
    user_id BIGINT,
    entry BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (owner, phone_hash)
) WITHOUT ROWID;
CREATE INDEX contacts_phone_hash ON contacts (phone_hash);
CREATE INDEX contacts_owner_user ON contacts (owner, user_id);
CREATE INDEX contacts_user_id ON contacts (user_id);

CREATE TABLE blocks (
    owner BIGINT NOT NULL,
    peer BIGINT NOT NULL,
    date BIGINT NOT NULL,
    PRIMARY KEY (owner, peer)
) WITHOUT ROWID;

CREATE TABLE privacy (
    owner BIGINT NOT NULL,
    rule BIGINT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (owner, rule)
) WITHOUT ROWID;

CREATE TABLE scheduled (
    owner BIGINT NOT NULL,
    id BIGINT NOT NULL,
    peer BIGINT NOT NULL,
    date BIGINT NOT NULL,
    edit_date BIGINT,
    flags BIGINT NOT NULL,
    random_id BIGINT,
    reply_to BIGINT,
    content BLOB NOT NULL,
    PRIMARY KEY (owner, id)
) WITHOUT ROWID;
CREATE INDEX scheduled_date ON scheduled (date, peer);
CREATE INDEX scheduled_peer ON scheduled (owner, peer);
CREATE UNIQUE INDEX scheduled_random_id ON scheduled (owner, random_id) WHERE random_id IS NOT NULL;

CREATE TABLE sent (
    owner BIGINT NOT NULL,
    random_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    pts BIGINT,
    date BIGINT NOT NULL,
    PRIMARY KEY (owner, random_id)
) WITHOUT ROWID;
CREATE INDEX sent_date ON sent (date);

CREATE TABLE reactions (
    owner BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    date BIGINT NOT NULL,
    reaction BLOB NOT NULL,
    PRIMARY KEY (owner, message_id, user_id, position)
) WITHOUT ROWID;

-- Not clustered by its key: the list of packs is read without their words.
CREATE TABLE word_packs (
    owner BIGINT NOT NULL,
    pack BIGINT NOT NULL,
    words BLOB NOT NULL,
    PRIMARY KEY (owner, pack)
);

CREATE TABLE settings (
    owner BIGINT NOT NULL,
    name TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (owner, name)
) WITHOUT ROWID;

CREATE TABLE notify_settings (
    owner BIGINT NOT NULL,
    scope BIGINT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (owner, scope)
) WITHOUT ROWID;

CREATE TABLE outbox (
    id BIGINT NOT NULL PRIMARY KEY,
    kind BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    payload BLOB NOT NULL,
    tries BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX outbox_due_at ON outbox (due_at);
