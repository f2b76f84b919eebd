<?php
// The load balancer's check: PHP answers. No database, or one failover would end every task at once.
header('Content-Type: text/plain');
echo "ok\n";
