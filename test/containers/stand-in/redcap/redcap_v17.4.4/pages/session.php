<?php
// Counts a visitor's requests, in a session that the database keeps as REDCap's does.
final class DatabaseSessions implements SessionHandlerInterface
{
    public function open(string $path, string $name): bool
    {
        return true;
    }

    public function close(): bool
    {
        return true;
    }

    public function read(string $id): string
    {
        return value('SELECT session_data FROM redcap_sessions WHERE session_id = ? AND session_expiration > NOW()', [$id]) ?? '';
    }

    public function write(string $id, string $data): bool
    {
        value('REPLACE INTO redcap_sessions VALUES (?, ?, NOW() + INTERVAL 1 HOUR)', [$id, $data]);
        return true;
    }

    public function destroy(string $id): bool
    {
        value('DELETE FROM redcap_sessions WHERE session_id = ?', [$id]);
        return true;
    }

    public function gc(int $seconds): int|false
    {
        value('DELETE FROM redcap_sessions WHERE session_expiration < NOW()');
        return 0;
    }
}

// As with REDCap, an unknown id from a cookie stays: the database decides what is in it.
ini_set('session.use_strict_mode', '0');
session_set_save_handler(new DatabaseSessions());
session_start();
$_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
echo $_SESSION['visits'];
