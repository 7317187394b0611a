<?php

declare(strict_types=1);

/** Orders in one JSON file. A shop has a database: there, an event and its order belong into one transaction. */
final class Orders
{
    private string $file;

    public function __construct(string $file)
    {
        $this->file = $file;
    }

    public function find(string $id): ?array
    {
        return $this->change(static fn (array &$orders): ?array => $orders[$id] ?? null);
    }

    public function add(string $id, string $amount): array
    {
        return $this->change(static function (array &$orders) use ($id, $amount): array {
            $new = ['id' => $id, 'amount' => $amount, 'status' => 'new'];
            $new += ['sequence' => 0, 'delivered' => 0, 'events' => []];
            return $orders[$id] = $orders[$id] ?? $new;
        });
    }

    /** Take an event in: the same one again changes nothing, an older one does not overwrite a newer one. */
    public function apply(array $event): void
    {
        $this->change(static function (array &$orders) use ($event): void {
            $payment = $event['payment'] ?? null;
            $id = $payment['orderId'] ?? '';
            if (!isset($orders[$id]) || in_array($event['eventId'], $orders[$id]['events'], true)) {
                return;
            }
            $orders[$id]['events'][] = $event['eventId'];
            if ($event['sequence'] > $orders[$id]['sequence']) {
                $orders[$id]['sequence'] = $event['sequence'];
                $orders[$id]['status'] = $payment['status'];
            }
            if (in_array($event['type'], ['payment.paid', 'payment.paid_late'], true)) {
                // Here the goods are sent, once.
                $orders[$id]['delivered']++;
            }
        });
    }

    /** Read, change and write the file while no other request does. */
    private function change(callable $change)
    {
        $handle = fopen($this->file, 'c+');
        flock($handle, LOCK_EX);
        $orders = json_decode((string) stream_get_contents($handle), true) ?: [];
        $result = $change($orders);
        rewind($handle);
        ftruncate($handle, 0);
        fwrite($handle, json_encode($orders));
        fclose($handle);
        return $result;
    }
}
