"""waybill_dev"""
